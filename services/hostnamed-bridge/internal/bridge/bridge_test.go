package bridge

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/services/hostnamed-bridge/internal/mdns"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/journal"
)

const uuid = "0123456789abcdef0123456789abcdef"

// world is everything around the bridge, with a fault for each part.
type world struct {
	kernel                     string
	announced                  string
	uuidErr, hostErr, avahiErr error
}

func (w *world) Ensure(_ context.Context, configured string) (string, error) {
	if configured != "" {
		return configured, w.uuidErr
	}
	return uuid, w.uuidErr
}

type host struct{ *world }

func (h host) Set(_ context.Context, name string) (string, error) {
	if h.hostErr == nil {
		h.kernel = name
	}
	return h.kernel, h.hostErr
}

type responder struct{ *world }

func (r responder) Set(_ context.Context, name string) (mdns.Status, error) {
	if r.avahiErr != nil {
		return mdns.Status{State: mdns.Failure}, r.avahiErr
	}
	r.announced = name
	return mdns.Status{Name: name, State: mdns.Running}, nil
}

func TestApply(t *testing.T) {
	fault := errors.New("fault")
	tests := []struct {
		name         string
		world        world
		config       config.Config
		want         map[string]any // of the properties
		wantProblems []string
		wantErr      error
	}{
		{
			name:   "configured",
			config: config.Config{Hostname: "kitchen", UUID: uuid},
			want:   map[string]any{"Hostname": "kitchen", "DesiredHostname": "kitchen", "Source": "config", "MdnsName": "kitchen", "Uuid": uuid},
		}, {
			name: "default",
			want: map[string]any{"Hostname": "0123456", "Source": "uuid", "Uuid": uuid},
		}, {
			name:         "uuid not stored",
			world:        world{uuidErr: fault},
			want:         map[string]any{"Hostname": "0123456"},
			wantProblems: []string{"/uuid"},
		}, {
			name:         "Avahi fails",
			world:        world{avahiErr: fault},
			config:       config.Config{Hostname: "kitchen"},
			want:         map[string]any{"Hostname": "kitchen", "MdnsName": "", "MdnsState": "failure"},
			wantProblems: []string{"Avahi"},
		}, {
			name:    "the name cannot be set",
			world:   world{hostErr: fault, kernel: "old"},
			config:  config.Config{Hostname: "kitchen"},
			want:    map[string]any{"Hostname": "old", "DesiredHostname": "kitchen", "MdnsName": "kitchen"},
			wantErr: fault,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := test.world
			b := &Bridge{Identity: &w, Host: host{&w}, Mdns: responder{&w}}
			effective, err := b.Apply(t.Context(), test.config)
			if !errors.Is(err, test.wantErr) {
				t.Errorf("got %v, want %v", err, test.wantErr)
			}
			for name, want := range test.want {
				if got := effective.Values[name]; got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			var problems []string
			for _, p := range effective.Problems {
				problems = append(problems, p.Pointer)
			}
			if strings.Join(problems, " ") != strings.Join(test.wantProblems, " ") {
				t.Errorf("problems with %v, want %v", problems, test.wantProblems)
			}
		})
	}
}

// TestContract builds the object that the daemon serves.
func TestContract(t *testing.T) {
	b := &Bridge{}
	if _, err := bus.NewObject(bus.Interface{
		Contract: hostname1.Contract(),
		Methods:  bus.Methods{hostname1.MethodSetHostname: b.SetHostname},
		Values:   b.Initial(),
		Errors:   ErrorNames(),
	}); err != nil {
		t.Error(err)
	}
}

// TestSetHostname edits a real config.json.
func TestSetHostname(t *testing.T) {
	tests := []struct {
		name, before, set, after string
		want                     error
	}{
		{"set", `{"a": 1}`, "bath", `{"a": 1,"hostname": "bath"}`, nil},
		{"replaced", `{"hostname":"x","b":2}`, "bath", `{"hostname":"bath","b":2}`, nil},
		{"removed", `{"hostname":"x","b":2}`, "", `{"b":2}`, nil},
		{"not a label", `{}`, "a.b", `{}`, config.ErrInvalidHostname},
		{"too long", `{}`, strings.Repeat("a", 64), `{}`, config.ErrInvalidHostname},
		{"file does not parse", `{"hostname":`, "bath", `{"hostname":`, config.ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(file, []byte(test.before), 0o600); err != nil {
				t.Fatal(err)
			}
			applied := 0
			b := &Bridge{
				Config:  config.NewStore(file, "", journal.New(t.Output(), nil)),
				Applied: func(context.Context) error { applied++; return nil },
			}
			err := b.SetHostname(t.Context(), test.set, nil)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if got, _ := os.ReadFile(file); string(got) != test.after {
				t.Errorf("the file is %s, want %s", got, test.after)
			}
			if wantApplied := test.want == nil; (applied == 1) != wantApplied {
				t.Errorf("applied %d times", applied)
			}
		})
	}
}

func TestSetHostnameSaysWhereItCannotWrite(t *testing.T) {
	b := &Bridge{Config: config.NewStore("/nonexistent/config.json", "", journal.New(t.Output(), nil))}
	if err := b.SetHostname(t.Context(), "bath", nil); !errors.Is(err, ErrNotWritten) {
		t.Errorf("got %v, want ErrNotWritten", err)
	}
	options := map[string]dbus.Variant{"fast": dbus.MakeVariant(true)}
	if err := b.SetHostname(t.Context(), "bath", options); !errors.Is(err, bus.ErrInvalidArgs) {
		t.Errorf("got %v, want ErrInvalidArgs", err)
	}
}
