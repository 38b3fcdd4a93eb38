package release

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	pathPattern = regexp.MustCompile(`^[A-Za-z0-9._+/-]{1,200}$`)
)

// Parse reads a manifest. Its errors wrap [ErrManifest].
func Parse(data []byte) (*Manifest, error) {
	if len(data) > MaxManifest {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are accepted", ErrManifest, len(data), MaxManifest)
	}
	manifest := new(Manifest)
	if err := json.Unmarshal(data, manifest, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if err := manifest.Check(); err != nil {
		return nil, err
	}
	return manifest, nil
}

// Bytes returns the manifest as [Parse] reads it; equal manifests, equal bytes.
func (m *Manifest) Bytes() ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("cannot write manifest: %w", err)
	}
	if len(data) >= MaxManifest {
		return nil, fmt.Errorf("cannot write manifest: %w: it has %d bytes, at most %d are accepted", ErrManifest, len(data), MaxManifest)
	}
	return append(data, '\n'), nil
}

// Check says what is wrong with the manifest, with [ErrManifest].
func (m *Manifest) Check() error {
	err := m.checkNames()
	if err == nil {
		err = m.checkFiles()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrManifest, err)
	}
	return nil
}

func (m *Manifest) checkNames() error {
	if m.Format != Format {
		return fmt.Errorf("format %d, only %d is known", m.Format, Format)
	}
	if m.Version == (Version{}) {
		return errors.New("no version")
	}
	if m.MinVersion != nil && m.MinVersion.Compare(m.Version) > 0 {
		return fmt.Errorf("it needs %s, which is newer than itself", m.MinVersion)
	}
	for what, name := range map[string]string{"device type": m.DeviceType, "variant": m.Variant, "channel": m.Channel} {
		if !namePattern.MatchString(name) {
			return fmt.Errorf("%s %.80q: only a-z, 0-9, dot, hyphen and underscore", what, name)
		}
	}
	if m.Rollout.Share < 0 || m.Rollout.Share > Everyone {
		return fmt.Errorf("share %d: from 0 to %d", m.Rollout.Share, Everyone)
	}
	return nil
}

func (m *Manifest) checkFiles() error {
	if m.Image.Path != "" {
		return errors.New("the image has no path")
	}
	if err := m.Image.check(MaxImage); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	if err := errors.Join(m.Index.checkPath(), m.Index.check(MaxImage)); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if len(m.Boot) > MaxBootFiles {
		return fmt.Errorf("%d boot files, at most %d", len(m.Boot), MaxBootFiles)
	}
	seen := map[string]bool{}
	for _, file := range m.Boot {
		folded := strings.ToLower(file.Path) // FAT does not tell them apart
		if err := errors.Join(file.checkPath(), file.check(MaxBootFile)); err != nil {
			return fmt.Errorf("boot file: %w", err)
		}
		if seen[folded] {
			return fmt.Errorf("boot file %s is named twice", file.Path)
		}
		seen[folded] = true
	}
	return nil
}

func (f File) check(limit int64) error {
	if f.Size <= 0 || f.Size > limit {
		return fmt.Errorf("size %d: from 1 to %d", f.Size, limit)
	}
	if !hashPattern.MatchString(f.SHA256) {
		return errors.New("sha256 is not 64 lower-case hexadecimal digits")
	}
	return nil
}

// checkPath accepts what stays below the folder that it is joined to.
func (f File) checkPath() error {
	if !pathPattern.MatchString(f.Path) || path.Clean(f.Path) != f.Path || path.IsAbs(f.Path) ||
		f.Path == "." || f.Path == ".." || strings.HasPrefix(f.Path, "../") {
		return fmt.Errorf("path %.200q is not a plain relative path", f.Path)
	}
	return nil
}
