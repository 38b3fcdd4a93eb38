package keyfile

import (
	"errors"
	"strings"
	"testing"
)

const office = "[connection]\nid=Office\nuuid=9a1c0b1e-3b1e-4e52-a9a3-3a4a4c0dfe10\ntype=wifi\nautoconnect-priority=5\n\n[wifi]\nssid=a;b\\s\n"

func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"plain": office, "DOS": strings.ReplaceAll(office, "\n", "\r\n"), "old Mac": strings.ReplaceAll(office, "\n", "\r"),
		"BOM": "\xef\xbb\xbf" + office, "no last end": strings.TrimSuffix(office, "\n"),
		"space": strings.ReplaceAll(office, "id=Office", " id = Office\t"),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			c, err := f.Complete("x")
			want := Connection{"Office", "9a1c0b1e-3b1e-4e52-a9a3-3a4a4c0dfe10", "802-11-wireless", "", true, 5}
			if err != nil || c != want {
				t.Errorf("it is %+v, %v, want %+v", c, err, want)
			}
			if got := f.Get("wifi", "ssid"); got != "a;b " {
				t.Errorf("the ssid is %q", got)
			}
			if name != "space" && string(f.Bytes()) != office {
				t.Errorf("the text is\n%s", f.Bytes())
			}
		})
	}
}

func TestComplete(t *testing.T) {
	f, err := Parse([]byte("# mine\n[connection]\ntype=gsm\n[gsm]\napn=internet\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Complete("Mobile")
	if err != nil || c.ID != "Mobile" || c.Type != "gsm" || !uuid.MatchString(c.UUID) {
		t.Fatalf("it is %+v, %v", c, err)
	}
	again, err := Parse(f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d, err := again.Complete("other name"); err != nil || d != c {
		t.Errorf("read again it is %+v, %v, want %+v", d, err, c)
	}
	if derived("Mobile") != c.UUID || derived("mobile") == c.UUID {
		t.Error("the uuid does not follow from the name")
	}
}

func TestInvalid(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "no section [connection]",
		"[connection]\nid=a\n":           "has no type",
		"[connection]\ntype=wlan\n":      `type "wlan"`,
		"id=a\n[connection]\n":           "line 1: it stands in no [section]",
		"[connection]\nwhat\n":           "line 2: it is no [section]",
		"[connection\n":                  "line 1: the [section]",
		"[]\n":                           "line 1",
		"[connection]\n=a\n":             "line 2",
		"[connection]\ntype=\xff\n":      "not UTF-8",
		"\xff\xfe[\x00":                  "UTF-16",
		"[connection]\ntype=gsm\x00\n":   "zero byte",
		"[connection]\ntype=gsm\nuuid=1": `uuid "1"`,
		"[connection]\ntype=gsm\nautoconnect-priority=high":        "autoconnect-priority",
		"[connection]\ntype=ethernet\ninterface-name=a/b":          "interface-name",
		"[connection]\ntype=gsm\n#" + strings.Repeat("x", MaxSize): "bytes",
	} {
		f, err := Parse([]byte(text))
		if err == nil {
			_, err = f.Complete("x")
		}
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v, want %q", text, err, want)
		}
	}
}

func TestSet(t *testing.T) {
	f, err := Parse([]byte("[a]\nk=1\nl=2\nk=3\n"))
	if err != nil {
		t.Fatal(err)
	}
	f.Set("a", "k", "4")
	f.Set("a", "m", "5")
	f.Set("b", "n", "6")
	if got, want := string(f.Bytes()), "[a]\nm=5\nk=4\nl=2\nk=4\n[b]\nn=6\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{office, "\xef\xbb\xbf[connection]\r\ntype=gsm\r\n", "[a]\nk=\\s\\\\\n", "", "\r", "[", "=", "a=b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		text := file.Bytes()
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("what was read as %q is not read again: %v", text, err)
		}
		if string(again.Bytes()) != string(text) {
			t.Fatalf("%q becomes %q", text, again.Bytes())
		}
		c, err := file.Complete("name")
		if err != nil {
			return
		}
		done, err := Parse(file.Bytes())
		if err != nil {
			t.Fatalf("the completed %q is not read: %v", file.Bytes(), err)
		}
		if d, err := done.Complete("other"); err != nil || d != c {
			t.Fatalf("completed it is %+v, read again %+v, %v", c, d, err)
		}
	})
}
