// Package codec encrypts what Temporal keeps of runs: inputs, results, states, and the words of failures. Temporal, its
// database and its backups then hold amounts and names only as AES-256-GCM has left them.
package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"payrecon/internal/config"
)

const (
	// encoding marks an encrypted payload. Its data is nonce, ciphertext and tag of the payload as it was, metadata and all.
	encoding = "binary/encrypted"
	// metadataKeyID is the metadata that names the key, so that payloads from before a rotation can be read.
	metadataKeyID = "encryption-key-id"
	// idBytes are enough to tell a few keys apart, and tell nothing about them.
	idBytes = 8
)

// Codec encrypts payloads with its first key and decrypts those of all its keys. Payloads that are not encrypted are read
// as they are, so that encryption can be switched on while runs are under way.
//
// It detects a payload that was changed, not one that was put into the place of another: whoever can write to Temporal's
// database can still move payloads around in it.
type Codec struct {
	ids   []string // in the order of the keys
	aeads map[string]cipher.AEAD
}

var _ converter.PayloadCodec = (*Codec)(nil)

// New makes a codec with these keys, 32 bytes each. Without any it encrypts nothing, and says of an encrypted payload which
// key is missing.
func New(keys []config.Secret) (*Codec, error) {
	c := &Codec{aeads: map[string]cipher.AEAD{}}
	for i, key := range keys {
		block, err := aes.NewCipher([]byte(key.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("encryption key %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("encryption key %d: %w", i+1, err)
		}
		id := idOf(key)
		c.ids, c.aeads[id] = append(c.ids, id), aead
	}
	return c, nil
}

// idOf names a key by the beginning of its SHA-256 in hexadecimal digits: nobody has to think of a name, and one key has the
// same everywhere.
func idOf(key config.Secret) string {
	sum := sha256.Sum256([]byte(key.Reveal()))
	return hex.EncodeToString(sum[:idBytes])
}

// KeyIDs are the ids of the keys: the first encrypts, all decrypt. They may be shown.
func (c *Codec) KeyIDs() []string { return c.ids }

// Encode encrypts payloads with the first key.
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	if len(c.ids) == 0 {
		return payloads, nil
	}
	id := c.ids[0]
	encoded := make([]*common.Payload, len(payloads))
	for i, payload := range payloads {
		plain, err := proto.Marshal(payload)
		if err != nil {
			return nil, fmt.Errorf("encrypting a payload: %w", err)
		}
		encoded[i] = &common.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKeyID: []byte(id)},
			Data:     c.aeads[id].Seal(nil, nil, plain, bound(id)), //nolint:gosec // the AEAD makes a random nonce itself
		}
	}
	return encoded, nil
}

// Decode decrypts the payloads that are encrypted. It fails on a key that it does not have, and on a payload that was
// changed.
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	decoded := make([]*common.Payload, len(payloads))
	for i, payload := range payloads {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != encoding {
			decoded[i] = payload
			continue
		}
		plain, err := c.decrypt(payload)
		if err != nil {
			return nil, err
		}
		decoded[i] = plain
	}
	return decoded, nil
}

func (c *Codec) decrypt(payload *common.Payload) (*common.Payload, error) {
	id := string(payload.GetMetadata()[metadataKeyID])
	aead, known := c.aeads[id]
	if !known {
		return nil, fmt.Errorf("the payload is encrypted by key %.40q, which is not among the encryption_keys of the configuration", id)
	}
	marshalled, err := aead.Open(nil, nil, payload.GetData(), bound(id))
	if err != nil {
		return nil, fmt.Errorf("the payload was changed after key %q had encrypted it: %w", id, err)
	}
	plain := &common.Payload{}
	if err := proto.Unmarshal(marshalled, plain); err != nil {
		return nil, fmt.Errorf("what key %q had encrypted is no payload: %w", id, err)
	}
	return plain, nil
}

// bound is what a ciphertext is tied to: the key's id and the encoding beside it cannot be changed either.
func bound(id string) []byte { return []byte(encoding + "\x00" + id) }
