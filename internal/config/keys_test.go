package config_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/config"
)

const (
	oldKey = "0ld-0ld-0ld-0ld-0ld-0ld-0ld-0ld-" // 32 bytes
	newKey = "n3w-n3w-n3w-n3w-n3w-n3w-n3w-n3w-"
)

func in64(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) }

func TestOneLineTurnsEncryptionOn(t *testing.T) {
	t.Parallel()
	path := write(t, "encryption_keys = [\"${file:key}\", \""+in64(oldKey)+"\"]\n"+small)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "key"), []byte(in64(newKey)+"\n"), 0o600))

	got, err := config.Load(path)

	require.NoError(t, err)
	require.Equal(t, []config.Secret{newKey, oldKey}, got.EncryptionKeys, "in the file's order")
	keys, err := config.LoadKeys(path)
	require.NoError(t, err)
	require.Equal(t, got.EncryptionKeys, keys)
}

func TestWithoutThatLineNothingIsEncrypted(t *testing.T) {
	t.Parallel()
	path := write(t, small)
	got, err := config.Load(path)
	require.NoError(t, err)
	require.Nil(t, got.EncryptionKeys)
	keys, err := config.LoadKeys(path)
	require.NoError(t, err)
	require.Nil(t, keys)
}

func TestKeysAreReadWithoutTheOtherSecrets(t *testing.T) {
	t.Parallel()
	keys, err := config.LoadKeys(write(t, "encryption_keys = [\""+in64(newKey)+"\"]\n"+strings.Replace(small, "abc123", "${PAYRECON_TEST_UNSET}", 1)))
	require.NoError(t, err)
	require.Equal(t, []config.Secret{newKey}, keys)
}

func TestWrongKeysAreNamedByTheirPositionAndNeverShown(t *testing.T) {
	t.Parallel()
	const accepted = ", accepted is the base64 of 32 random bytes, as openssl rand -base64 32 prints it"
	good := `"` + in64(newKey) + `"`
	for name, test := range map[string]struct{ list, want string }{
		"a short one":       {`[` + good + `, "` + in64("n3w") + `"]`, "1:68: encryption_keys: key 2 has 3 bytes" + accepted},
		"a long one":        {`["` + in64(newKey+"x") + `"]`, "1:20: encryption_keys: key 1 has 33 bytes" + accepted},
		"an empty one":      {`[""]`, "1:20: encryption_keys: key 1 has 0 bytes" + accepted},
		"a passphrase":      {`["` + newKey + `"]`, "1:20: encryption_keys: key 1 is not base64" + accepted},
		"without its end":   {`["` + strings.TrimSuffix(in64(newKey), "=") + `"]`, "1:20: encryption_keys: key 1 is not base64" + accepted},
		"a blank before it": {`[" ` + in64(newKey) + `"]`, "1:20: encryption_keys: key 1 is not base64" + accepted},
		"a number":          {`[7]`, "1:20: encryption_keys: key 1 is not in quotes" + accepted},
		"not in a variable": {`["${PAYRECON_TEST_UNSET}"]`, "1:20: encryption_keys: environment variable PAYRECON_TEST_UNSET is not set"},
		"twice":             {`[` + good + `, ` + good + `]`, "1:68: encryption_keys: key 2 is key 1 once more"},
		"not a list":        {good, "1:1: encryption_keys: the value (not shown) is not accepted, accepted is a list of keys, each in quotes"},
		"an empty list":     {`[]`, "1:1: encryption_keys: there are 0 keys, accepted are 1 to 10; without this line nothing is encrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := "encryption_keys = " + test.list + "\n" + small
			require.Equal(t, []string{test.want}, problems(t, document))
			path := write(t, document)
			_, err := config.LoadKeys(path)
			require.EqualError(t, err, path+":"+test.want)
		})
	}
}

func TestThereIsALimitToTheNumberOfKeys(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range 11 {
		keys = append(keys, `"`+in64(string(rune('a'+i))+newKey[1:])+`"`)
	}
	require.Equal(t, []string{"1:1: encryption_keys: there are 11 keys, accepted are 1 to 10; without this line nothing is encrypted"},
		problems(t, "encryption_keys = ["+strings.Join(keys, ", ")+"]\n"+small))
	_, err := config.Load(write(t, "encryption_keys = ["+strings.Join(keys[1:], ", ")+"]\n"+small))
	require.NoError(t, err)
}
