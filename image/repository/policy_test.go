package repository

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/trust/sign"
)

func TestPolicy(t *testing.T) {
	keys := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(keys, policyFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"root": {"keys": 5, "threshold": 3}, "timestamp": {"days": 7}}`)
	policy, err := readPolicy(keys)
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	for role, want := range map[sign.Role]sign.Policy{"root": {Keys: 5, Threshold: 3, Valid: 730 * day}, "timestamp": {Keys: 1, Threshold: 1, Valid: 7 * day}, "targets": sign.DefaultPolicy("targets")} {
		if got := policy(role); got != want {
			t.Errorf("%s: %+v", role, got)
		}
	}
	for _, bad := range []string{
		``, `[]`, `{"root": null}`, `{"other": {"keys": 1, "threshold": 1, "days": 1}}`, `{"root": {"threshold": 4}}`, `{"root": {"threshold": 0}}`,
		`{"root": {"keys": 65}}`, `{"timestamp": {"days": 0}}`, `{"timestamp": {"days": 99999}}`, `{"timestamp": {"hours": 1}}`,
	} {
		write(bad)
		if _, err := readPolicy(keys); !errors.Is(err, ErrPolicy) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"root": {"keys": 5, "threshold": 3}, "timestamp": {"days": 7}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		policies, err := parsePolicy(data)
		if err != nil {
			return
		}
		for _, role := range sign.Roles() {
			if p := policies[role]; p.Threshold < 1 || p.Keys < p.Threshold || p.Valid < 24*time.Hour {
				t.Fatalf("%s: %+v", role, p)
			}
		}
	})
}
