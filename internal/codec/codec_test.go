package codec_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"payrecon/internal/codec"
	"payrecon/internal/config"
)

const (
	oldKey = config.Secret("0ld-0ld-0ld-0ld-0ld-0ld-0ld-0ld-") // 32 bytes
	newKey = config.Secret("n3w-n3w-n3w-n3w-n3w-n3w-n3w-n3w-")
	oldID  = "dfafef40685f9054" // what `printf %s KEY | sha256sum` begins with
	newID  = "da9a5bd2770f7a57"
)

func with(t *testing.T, keys ...config.Secret) *codec.Codec {
	t.Helper()
	c, err := codec.New(keys)
	require.NoError(t, err)
	return c
}

func payload(text string) *common.Payload {
	return &common.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(text)}
}

// encode encodes one payload.
func encode(t *testing.T, c *codec.Codec, p *common.Payload) *common.Payload {
	t.Helper()
	encoded, err := c.Encode([]*common.Payload{p})
	require.NoError(t, err)
	require.Len(t, encoded, 1)
	return encoded[0]
}

func requireSame(t *testing.T, want, got *common.Payload) {
	t.Helper()
	require.True(t, proto.Equal(want, got), "want %v, got %v", want, got)
}

func anyPayloads() *rapid.Generator[[]*common.Payload] {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) *common.Payload {
		return &common.Payload{
			Metadata: rapid.MapOf(rapid.SampledFrom([]string{"encoding", "encryption-key-id", "messageType", ""}),
				rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Just([]byte("binary/encrypted")))).Draw(t, "metadata"),
			Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
		}
	}))
}

func TestWhatWasEncryptedIsDecryptedWhateverItWas(t *testing.T) {
	t.Parallel()
	c := with(t, newKey, oldKey)
	rapid.Check(t, func(t *rapid.T) {
		payloads := anyPayloads().Draw(t, "payloads")
		var before []proto.Message
		for _, p := range payloads {
			before = append(before, proto.Clone(p))
		}

		encoded, err := c.Encode(payloads)
		require.NoError(t, err)
		decoded, err := c.Decode(encoded)
		require.NoError(t, err)

		require.Len(t, decoded, len(payloads))
		for i, p := range payloads {
			require.True(t, proto.Equal(before[i], p), "the caller's payload was changed")
			require.True(t, proto.Equal(p, decoded[i]))
			require.False(t, proto.Equal(p, encoded[i]))
			require.Equal(t, "binary/encrypted", string(encoded[i].GetMetadata()["encoding"]))
		}
	})
}

func TestAnEncryptedPayloadShowsOnlyItsKeysID(t *testing.T) {
	t.Parallel()
	encoded := encode(t, with(t, newKey), payload(`{"amount":"7351.42"}`))

	require.Equal(t, map[string][]byte{"encoding": []byte("binary/encrypted"), "encryption-key-id": []byte(newID)}, encoded.GetMetadata())
	require.NotContains(t, string(encoded.GetData()), "7351.42")
	require.NotContains(t, string(encoded.GetData()), "json/plain")
}

func TestEqualPayloadsDoNotLookEqual(t *testing.T) {
	t.Parallel()
	c := with(t, newKey)
	once, again := encode(t, c, payload("7351.42")), encode(t, c, payload("7351.42"))
	require.NotEqual(t, once.GetData(), again.GetData())
}

func TestAfterARotationTheOldKeyStillDecrypts(t *testing.T) {
	t.Parallel()
	before := encode(t, with(t, oldKey), payload("before"))
	rotated := with(t, newKey, oldKey)
	require.Equal(t, []string{newID, oldID}, rotated.KeyIDs())
	after := encode(t, rotated, payload("after"))
	require.Equal(t, newID, string(after.GetMetadata()["encryption-key-id"]), "the first key encrypts")

	decoded, err := rotated.Decode([]*common.Payload{before, after, payload("never encrypted")})

	require.NoError(t, err)
	for i, text := range []string{"before", "after", "never encrypted"} {
		requireSame(t, payload(text), decoded[i])
	}
	decoded, err = with(t, oldKey, newKey).Decode([]*common.Payload{after})
	require.NoError(t, err, "a worker that has the new key, but not yet in front")
	requireSame(t, payload("after"), decoded[0])
}

func TestAMissingKeyIsNamedByItsID(t *testing.T) {
	t.Parallel()
	before := encode(t, with(t, oldKey), payload("before"))
	for name, c := range map[string]*codec.Codec{"another key": with(t, newKey), "no key": with(t)} {
		_, err := c.Decode([]*common.Payload{payload("plain"), before})

		require.EqualError(t, err, `the payload is encrypted by key "`+oldID+`", which is not among the encryption_keys of the configuration`, name)
	}
	foreign := &common.Payload{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted"), "encryption-key-id": []byte(strings.Repeat("\x1b", 5000))}}
	_, err := with(t, newKey).Decode([]*common.Payload{foreign})
	require.Less(t, len(err.Error()), 300, "what comes from elsewhere is bounded")
	require.NotContains(t, err.Error(), "\x1b")
}

func TestWithoutKeysNothingIsEncrypted(t *testing.T) {
	t.Parallel()
	c := with(t)
	requireSame(t, payload("7351.42"), encode(t, c, payload("7351.42")))
	require.Empty(t, c.KeyIDs())
}

func TestKeysOfAWrongSizeAreRefused(t *testing.T) {
	t.Parallel()
	_, err := codec.New([]config.Secret{newKey, "hunter2"})
	require.EqualError(t, err, "encryption key 2: crypto/aes: invalid key size 7")
}

// Target: an encrypted payload in Temporal's database. Injection: any bit of it is turned, its end is cut off, its key's id
// is another's. Expected: it is refused; nothing else is read out of it.
func TestAPayloadThatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	c := with(t, newKey, oldKey)
	right := encode(t, c, payload("7351.42"))
	changed := []*common.Payload{}
	change := func(how func(*common.Payload)) {
		p := proto.Clone(right).(*common.Payload)
		how(p)
		changed = append(changed, p)
	}
	for i := range right.GetData() {
		for bit := range 8 {
			change(func(p *common.Payload) { p.Data[i] ^= 1 << bit })
		}
		change(func(p *common.Payload) { p.Data = slices.Clone(p.Data[:i]) })
	}
	change(func(p *common.Payload) { p.Data = append(p.Data, 0) })
	change(func(p *common.Payload) { p.Data = nil })
	change(func(p *common.Payload) { p.Metadata["encryption-key-id"] = []byte(oldID) })
	change(func(p *common.Payload) { delete(p.Metadata, "encryption-key-id") })

	for i, p := range changed {
		decoded, err := c.Decode([]*common.Payload{p})
		require.Error(t, err, i)
		require.Nil(t, decoded)
	}
	_, err := c.Decode(changed[:1])
	require.EqualError(t, err, `the payload was changed after key "`+newID+`" had encrypted it: cipher: message authentication failed`)
}

// What is in Temporal's database was written by older versions: the form of an encrypted payload may only be added to.
func TestPayloadsOfOlderVersionsAreDecrypted(t *testing.T) {
	t.Parallel()
	const stored = "uVExdHAJMyPsGtEF2tebFp38X+jTuGLBs8ASGrUemufh+aQ8JmUIeBXZePVx1mob79P0Pgc//v753pQUSA=="
	data, err := base64.StdEncoding.DecodeString(stored)
	require.NoError(t, err)

	decoded, err := with(t, newKey).Decode([]*common.Payload{{
		Metadata: map[string][]byte{"encoding": []byte("binary/encrypted"), "encryption-key-id": []byte(newID)}, Data: data,
	}})

	require.NoError(t, err)
	requireSame(t, payload("7351.42"), decoded[0])
}
