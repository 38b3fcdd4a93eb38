package parse

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const wrap = `<node name="/t"><!-- The face. --><interface name="io.test.T1">%s</interface></node>`

func TestFileRefusesWhatIsNoContract(t *testing.T) {
	tests := []struct{ name, members, want string }{
		{"no doc", `<property name="P" type="s" access="read"/>`, "io.test.T1.P has no doc comment"},
		{"argument without a name", `<!-- M. --><method name="M"><arg type="s" direction="in"/></method>`, "an argument without a name"},
		{"argument without a direction", `<!-- M. --><method name="M"><arg name="a" type="s"/></method>`, "io.test.T1.M(a) has no direction"},
		{"privilege not said", `<!-- M. --><method name="M"/>`, "does not say whether it is privileged"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := File(strings.Replace(wrap, "%s", test.members, 1))
			if !errors.Is(err, ErrContract) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want ErrContract with %q", err, test.want)
			}
		})
	}
}

func TestContractKeepsTheText(t *testing.T) {
	files, err := filepath.Glob("../../*.xml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d contract files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		node, err := File(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if xml := node.Contract().XML; !strings.Contains(string(text), xml) || !strings.HasPrefix(xml, "<interface ") {
			t.Errorf("%s: the served text is not that of the file", file)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add(strings.Replace(wrap, "%s", `<!-- P. --><property name="P" type="s" access="read"/>`, 1))
	f.Add(`<node><interface name="`)
	f.Fuzz(func(t *testing.T, text string) {
		node, err := File(text)
		if err == nil && node.Contract().Name != node.Interfaces[0].Name {
			t.Fatal("the contract lost its name")
		}
	})
}
