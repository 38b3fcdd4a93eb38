package release

import (
	"errors"
	"testing"
)

const osRelease = `NAME=resinOS
# IMAGE_VERSION=9.9.9
VERSION_ID=2.0.0+rev1-dev
IMAGE_VERSION="2.0.0+rev1"
RESINOS_DEVICE_TYPE=genericx86-64
VARIANT_ID='development'
`

func TestParseSystem(t *testing.T) {
	system, err := ParseSystem([]byte(osRelease))
	if want := (System{version(t, "2.0.0+rev1"), "genericx86-64", "development"}); err != nil || system != want {
		t.Errorf("%+v, %v", system, err)
	}
	for _, bad := range []string{
		"", "IMAGE_VERSION=2.0.0", "IMAGE_VERSION=two\nRESINOS_DEVICE_TYPE=a\nVARIANT_ID=b",
		"IMAGE_VERSION=2.0.0\nRESINOS_DEVICE_TYPE=../a\nVARIANT_ID=b", "IMAGE_VERSION=2.0.0\nRESINOS_DEVICE_TYPE=a\nVARIANT_ID=",
	} {
		if system, err := ParseSystem([]byte(bad)); !errors.Is(err, ErrSystem) {
			t.Errorf("%q: %+v, %v", bad, system, err)
		}
	}
}

func FuzzParseSystem(f *testing.F) {
	f.Add([]byte(osRelease))
	f.Fuzz(func(t *testing.T, file []byte) {
		system, err := ParseSystem(file)
		if err != nil {
			if !errors.Is(err, ErrSystem) {
				t.Fatal(err)
			}
			return
		}
		if !namePattern.MatchString(system.DeviceType) || !namePattern.MatchString(system.Variant) || system.Version == (Version{}) {
			t.Fatalf("accepted %+v", system)
		}
	})
}
