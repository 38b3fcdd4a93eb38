package sign

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/atomicfile"
)

const pemType = "PRIVATE KEY"

// A key is one private key of a role.
type key struct {
	path   string
	number int
	signer signature.Signer
	public *metadata.Key
	id     string
}

// readKeys returns the keys of role that are in dir, in the order of their numbers.
func readKeys(dir string, role Role) ([]key, error) {
	paths, err := filepath.Glob(filepath.Join(dir, role+"-*.pem"))
	if err != nil {
		return nil, err
	}
	name := regexp.MustCompile(`^` + role + `-([1-9]\d{0,5})\.pem$`)
	var keys []key
	for _, path := range paths {
		match := name.FindStringSubmatch(filepath.Base(path))
		if match == nil {
			continue
		}
		read, err := readKey(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w: %w", path, ErrKeys, err)
		}
		read.number, _ = strconv.Atoi(match[1])
		keys = append(keys, read)
	}
	slices.SortFunc(keys, func(a, b key) int { return a.number - b.number })
	return keys, nil
}

func readKey(path string) (key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return key{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return key{}, fmt.Errorf("others may read it (mode %o): chmod 600", info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return key{}, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemType {
		return key{}, fmt.Errorf("no %s in PEM", pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return key{}, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return key{}, fmt.Errorf("%T, only Ed25519 is supported", parsed)
	}
	return newKey(path, private)
}

func newKey(path string, private ed25519.PrivateKey) (key, error) {
	signer, err := signature.LoadSigner(private, crypto.Hash(0))
	if err != nil {
		return key{}, err
	}
	public, err := metadata.KeyFromPublicKey(private.Public())
	if err != nil {
		return key{}, err
	}
	id, err := public.ID()
	if err != nil {
		return key{}, err
	}
	return key{path: path, signer: signer, public: public, id: id}, nil
}

// makeKey writes a new key of role with the next free number.
func makeKey(dir string, role Role) (key, error) {
	keys, err := readKeys(dir, role)
	if err != nil {
		return key{}, err
	}
	number := 1
	if len(keys) > 0 {
		number = keys[len(keys)-1].number + 1
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return key{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return key{}, err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.pem", role, number))
	if err := atomicfile.Write(path, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), 0o600); err != nil {
		return key{}, err
	}
	made, err := newKey(path, private)
	made.number = number
	return made, err
}

// retire keeps a key that is not used any more, for whoever must look back.
func (k key) retire() error {
	dir := filepath.Join(filepath.Dir(k.path), "retired")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot retire key: %w", err)
	}
	return os.Rename(k.path, filepath.Join(dir, k.id[:16]+"-"+filepath.Base(k.path)))
}
