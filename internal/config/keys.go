package config

import (
	"encoding/base64"
	"slices"

	"github.com/BurntSushi/toml"
)

const (
	keysKey  = "encryption_keys"
	keyBytes = 32 // AES-256
	// acceptedKey ends every error about a key.
	acceptedKey = "accepted is the base64 of 32 random bytes, as openssl rand -base64 32 prints it"
	// maxKeys bounds the list: one key encrypts, and each of the others is there for what was encrypted before a rotation.
	maxKeys = 10
)

// LoadKeys reads the encryption keys, which everybody needs who starts a run or reads its result. It expands nothing else,
// so it works where the other secrets are not, and it leaves the rest of the file to the worker. It is nil where none are
// configured.
func LoadKeys(path string) ([]Secret, error) {
	doc, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	found := newProblems(doc)
	if value, is := doc.values[keysKey]; is {
		doc.values[keysKey] = doc.expandValue(toml.Key{keysKey}, value, found)
	}
	keys := encryptionKeys(&table{doc: doc, found: found, values: doc.values})
	if err := found.err(); err != nil {
		return nil, err
	}
	return keys, nil
}

// encryptionKeys are the bytes of the keys, in the file's order. No error shows anything of a key, not even of a wrong one:
// most of it may be right.
func encryptionKeys(root *table) []Secret {
	value, is := root.take(keysKey)
	if !is {
		return nil
	}
	items, isList := value.([]any)
	if !isList {
		root.reject(root.at(keysKey), value, "a list of keys, each in quotes")
		return nil
	}
	if len(items) == 0 || len(items) > maxKeys {
		root.found.add(root.at(keysKey), "there are %d keys, accepted are 1 to %d; without this line nothing is encrypted", len(items), maxKeys)
	}
	keys := make([]Secret, 0, len(items))
	for i, item := range items {
		at := append(root.at(keysKey), element(i))
		text, isText := item.(string)
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		key := Secret(raw)
		switch same := slices.Index(keys, key); {
		case !isText:
			root.found.add(at, "key %d is not in quotes, "+acceptedKey, i+1)
		case err != nil:
			root.found.add(at, "key %d is not base64, "+acceptedKey, i+1)
		case len(raw) != keyBytes:
			root.found.add(at, "key %d has %d bytes, "+acceptedKey, i+1, len(raw))
		case same >= 0:
			root.found.add(at, "key %d is key %d once more", i+1, same+1)
		}
		keys = append(keys, key)
	}
	return keys
}
