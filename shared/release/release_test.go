package release

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

func version(t testing.TB, text string) Version {
	t.Helper()
	v, err := ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVersionOrder(t *testing.T) {
	ascending := strings.Fields(`0.0.1 1.0.0-1 1.0.0-2 1.0.0-10 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta
		1.0.0-alpha+rev1 1.0.0-longer.name 1.0.0-rc.1 1.0.0 1.0.0+rev1 1.0.0+rev2 1.0.0+rev10 1.0.1 1.2.0 1.10.0 2.0.0-rc.1 10.0.0`)
	i := slices.Index(ascending, "1.0.0-alpha+rev1") // the revision counts after the pre-release
	ascending[i-2], ascending[i-1], ascending[i] = ascending[i], ascending[i-2], ascending[i-1]
	for i, a := range ascending {
		for j, b := range ascending {
			want := min(1, max(-1, i-j))
			if got := version(t, a).Compare(version(t, b)); got != want {
				t.Errorf("%s against %s: %d, not %d", a, b, got, want)
			}
		}
		if version(t, a).String() != a {
			t.Errorf("%s becomes %s", a, version(t, a))
		}
	}
}

func TestVersionRefuses(t *testing.T) {
	for _, text := range []string{
		"", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-a..b", "1.2.3-01", "1.2.3+build", "1.2.3+rev0",
		"1.2.3+rev01", " 1.2.3", "1.2.3\n", "4294967296.0.0", "1.0.0+rev4294967296", "1.2.3-" + strings.Repeat("a", 60), "-1.2.3",
	} {
		if v, err := ParseVersion(text); !errors.Is(err, ErrVersion) {
			t.Errorf("%q: %v, %v", text, v, err)
		}
	}
}

const good = `{"format":1,"version":"2.0.0+rev1","minVersion":"1.9.0","deviceType":"qemux86-64","variant":"production","channel":"stable",
"image":{"size":838860800,"sha256":"HASH"},"index":{"path":"a/b.caibx","size":400000,"sha256":"HASH"},
"boot":[{"path":"EFI/BOOT/grub.cfg","size":10,"sha256":"HASH"}],"rollout":{"share":1000}}`

func text() string { return strings.ReplaceAll(good, "HASH", strings.Repeat("0a", 32)) }

func TestManifestRoundTrip(t *testing.T) {
	manifest, err := Parse([]byte(text()))
	if err != nil {
		t.Fatal(err)
	}
	data, err := manifest.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := again.Bytes()
	if err != nil || !bytes.Equal(data, twice) {
		t.Errorf("%v: %s became %s", err, data, twice)
	}
	if again.Version.String() != "2.0.0+rev1" || again.MinVersion.String() != "1.9.0" || again.Boot[0].Path != "EFI/BOOT/grub.cfg" || again.Rollout.Share != 1000 {
		t.Errorf("got %+v", again)
	}
}

func TestManifestRefuses(t *testing.T) {
	for _, change := range [][2]string{
		{`"format":1`, `"format":2`},
		{`"format":1,`, ``},
		{`"format":1`, `"format":1,"format":1`},
		{`"format":1`, `"format":1,"unknown":1`},
		{`"format"`, `"Format"`},
		{`"version":"2.0.0+rev1"`, `"version":"two"`},
		{`"version":"2.0.0+rev1",`, ``},
		{`"minVersion":"1.9.0"`, `"minVersion":"2.0.1"`},
		{`"qemux86-64"`, `"../x"`},
		{`"production"`, `""`},
		{`"stable"`, `"A b"`},
		{`838860800`, `0`},
		{`838860800`, `-1`},
		{`838860800`, `1.5`},
		{`838860800`, `99999999999999999999`},
		{`838860800`, `1099511627777`},
		{`"image":{`, `"image":{"path":"x",`},
		{`0a0a"},"index"`, `0A0A"},"index"`},
		{`0a0a"},"index"`, `0a"},"index"`},
		{`a/b.caibx`, `/a/b.caibx`},
		{`a/b.caibx`, `../b.caibx`},
		{`a/b.caibx`, `a//b.caibx`},
		{`a/b.caibx`, ``},
		{`EFI/BOOT/grub.cfg`, `EFI/../config.json`},
		{`EFI/BOOT/grub.cfg`, `..`},
		{`"size":10,`, `"size":68719476736,`},
		{`"boot":[`, `"boot":[{"path":"efi/boot/GRUB.CFG","size":10,"sha256":"` + strings.Repeat("0a", 32) + `"},`},
		{`"share":1000`, `"share":10001`},
		{`"share":1000`, `"share":-1`},
		{`"rollout"`, strings.Repeat(" ", MaxManifest) + `"rollout"`},
	} {
		data := strings.Replace(text(), change[0], change[1], 1)
		if data == text() {
			t.Fatalf("%s is not there", change[0])
		}
		if _, err := Parse([]byte(data)); !errors.Is(err, ErrManifest) {
			t.Errorf("%s instead of %s: %v", change[1], change[0], err)
		}
	}
	if _, err := (&Manifest{}).Bytes(); !errors.Is(err, ErrManifest) {
		t.Errorf("an empty one is written: %v", err)
	}
}

// TestRollout: a share is that share of the devices, and it only grows.
func TestRollout(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	manifest := &Manifest{Version: version(t, "2.0.0")}
	const devices = 20_000
	counts := map[int]int{}
	for range devices {
		uuid := fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())
		before := false
		for _, share := range []int{0, 100, 1000, 5000, Everyone} {
			manifest.Rollout.Share = share
			reached := manifest.Reached(uuid)
			if before && !reached {
				t.Fatalf("%s was reached and is not at %d", uuid, share)
			}
			if before = reached; reached {
				counts[share]++
			}
		}
		manifest.Rollout.Pulled = true
		if manifest.Reached(uuid) {
			t.Fatal("a release that was pulled reaches a device")
		}
		manifest.Rollout.Pulled = false
	}
	if counts[0] != 0 || counts[Everyone] != devices || counts[1000] < 1800 || counts[1000] > 2200 || counts[100] < 140 || counts[100] > 260 {
		t.Errorf("of %d devices: %v", devices, counts)
	}
}

func TestParseShare(t *testing.T) {
	for text, want := range map[string]int{"0%": 0, "10%": 1000, "0.5%": 50, "0.05%": 5, "33.33%": 3333, "100%": Everyone} {
		if got, err := ParseShare(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "%", "10", "101%", "100.01%", "-1%", "1.234%", ".5%", "1.%", "a%", "1e1%"} {
		if got, err := ParseShare(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(text()))
	f.Fuzz(func(t *testing.T, data []byte) {
		manifest, err := Parse(data)
		if err != nil {
			if !errors.Is(err, ErrManifest) {
				t.Fatal(err)
			}
			return
		}
		written, err := manifest.Bytes()
		if err != nil {
			t.Fatalf("accepted, not written: %v", err)
		}
		if _, err := Parse(written); err != nil && len(written) <= MaxManifest {
			t.Fatalf("written, not accepted: %v", err)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	f.Add("1.0.0-rc.1+rev2", "1.0.0")
	f.Fuzz(func(t *testing.T, a, b string) {
		left, errA := ParseVersion(a)
		right, errB := ParseVersion(b)
		if errA != nil || errB != nil {
			return
		}
		if left.String() != a || left.Compare(right) != -right.Compare(left) || (left.Compare(right) == 0) != (left == right) {
			t.Fatalf("%s and %s: %d, %d", a, b, left.Compare(right), right.Compare(left))
		}
	})
}
