package bootenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/layout"
)

// fwTools runs U-Boot's own tools (Debian's libubootenv-tool) on an environment.
type fwTools struct {
	t      *testing.T
	config string
}

func (f fwTools) run(name string, args ...string) string {
	f.t.Helper()
	out, err := exec.CommandContext(f.t.Context(), name, append([]string{"-c", f.config}, args...)...).CombinedOutput()
	if err != nil {
		f.t.Fatalf("cannot run %s %q (make host installs it): %v: %s", name, args, err, out)
	}
	return string(out)
}

// TestUBootTools: what we write, fw_printenv reads; what fw_setenv writes, we read;
// in turn, so that both agree on which copy is the newer one.
func TestUBootTools(t *testing.T) {
	u := ubootPair(t)
	f := fwTools{t, filepath.Join(t.TempDir(), "fw_env.config")}
	var config strings.Builder
	for _, area := range u.Copies {
		fmt.Fprintf(&config, "%s %#x %#x\n", area.Path, area.Offset, area.Size)
	}
	if err := os.WriteFile(f.config, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		for i, want := range states {
			if err := u.Store(want); err != nil {
				t.Fatal(err)
			}
			shown := f.run("fw_printenv")
			for _, v := range append(ours(want), variable{"bootargs", "quiet"}) {
				if line := v.name + "=" + v.value + "\n"; v.value != "" && !strings.Contains("\n"+shown, "\n"+line) {
					t.Errorf("round %d, state %d: fw_printenv has no %q in %q", round, i, line, shown)
				}
			}
			f.run("fw_setenv", "owner", fmt.Sprint(round, i))
			if got, err := u.Load(); err != nil || got != want {
				t.Errorf("round %d, state %d: after fw_setenv it is %+v, %v, want %+v", round, i, got, err, want)
			}
			if shown := f.run("fw_printenv", "owner"); shown != fmt.Sprint("owner=", round, i, "\n") {
				t.Errorf("the owner's variable is %q", shown)
			}
		}
	}
	f.run("fw_setenv", "slot", "B")
	f.run("fw_setenv", "good", "A")
	f.run("fw_setenv", "failed") // takes it away
	f.run("fw_setenv", "tries", "1")
	if got, err := u.Load(); err != nil || got != (State{B, A, 1, None}) {
		t.Errorf("what fw_setenv wrote is %+v, %v", got, err)
	}
}

// TestFind: the device's description decides, then what is there.
func TestFind(t *testing.T) {
	const config = "# two copies\n/dev/mmcblk0 0x1000 0x2000\n/dev/mmcblk0 0x4000 0x2000 # the other\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":       {nil, "bootenv.GRUB"},
		"grub":          {map[string]string{"mnt/boot/EFI/BOOT/grubenv": "", "etc/fw_env.config": config}, "bootenv.GRUB"},
		"u-boot":        {map[string]string{"etc/fw_env.config": config}, "bootenv.UBoot"},
		"uenv":          {map[string]string{"mnt/boot/resinOS_uEnv.txt": ""}, "bootenv.UEnv"},
		"named":         {map[string]string{"usr/lib/resinos/device.conf": "X=1\nBOOT_LOADER=\"u-boot-uenv\"\n", "mnt/boot/EFI/BOOT/grubenv": ""}, "bootenv.UEnv"},
		"other lines":   {map[string]string{"usr/lib/resinos/device.conf": "X=1\n", "mnt/boot/resinOS_uEnv.txt": ""}, "bootenv.UEnv"},
		"unknown":       {map[string]string{"usr/lib/resinos/device.conf": "BOOT_LOADER=lilo\n"}, ""},
		"no copies":     {map[string]string{"usr/lib/resinos/device.conf": "BOOT_LOADER=u-boot\n"}, ""},
		"one copy":      {map[string]string{"etc/fw_env.config": "/dev/mmcblk0 0x1000 0x2000\n"}, ""},
		"three copies":  {map[string]string{"etc/fw_env.config": config + "/dev/x 0 0x2000\n"}, ""},
		"overlapping":   {map[string]string{"etc/fw_env.config": "/dev/x 0 0x2000\n/dev/x 0x1000 0x2000\n"}, ""},
		"unequal":       {map[string]string{"etc/fw_env.config": "/dev/x 0 0x2000\n/dev/y 0 0x1000\n"}, ""},
		"no size":       {map[string]string{"etc/fw_env.config": "/dev/x 0\n/dev/y 0\n"}, ""},
		"from the end":  {map[string]string{"etc/fw_env.config": "/dev/x -0x2000 0x2000\n/dev/y 0 0x2000\n"}, ""},
		"relative path": {map[string]string{"etc/fw_env.config": "x 0 0x2000\ny 0 0x2000\n"}, ""},
	} {
		root := layout.Root(t.TempDir())
		for path, text := range c.files {
			if err := os.MkdirAll(filepath.Dir(root.Path(path)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(root.Path(path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		loader, err := Find(root)
		if got := fmt.Sprintf("%T", loader); (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.want)
		}
		if u, ok := loader.(UBoot); ok && err == nil && u.Copies[1] != (Area{root.Path("/dev/mmcblk0"), 0x4000, 0x2000}) {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

// TestUEnvDecides cuts each transition after every write, and the write of the
// file that decides is one sector.
func TestUEnvDecides(t *testing.T) {
	for _, c := range []struct{ from, to State }{{states[0], states[1]}, {states[1], states[5]}, {states[2], states[4]}, {states[4], states[1]}} {
		u := uenv(t)
		if err := u.Store(c.from); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(u.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Store(c.to); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(u.Path, before, 0o600); err != nil { // only the other file was written
			t.Fatal(err)
		}
		if got, err := u.Load(); err != nil || got.Slot != c.from.Slot || got.Good != c.from.Good {
			t.Errorf("from %+v to %+v, cut: %+v, %v", c.from, c.to, got, err)
		}
		if len(before) != uenvSize || !strings.Contains(string(before), "extra=1\n") {
			t.Errorf("the file is %q", before)
		}
	}
	u := uenv(t)
	for _, s := range []State{{A, B, Proven, None}, {A, A, 2, None}, {A, B, 4, None}} {
		if err := u.Store(s); err == nil {
			t.Errorf("%+v was written", s)
		}
	}
}

func FuzzUEnv(f *testing.F) {
	f.Add("resin_root_part=2\nupgrade_available=1\n", 3)
	f.Add("resin_root_part=3\nfailed=A\n####\n\x00", 0)
	f.Fuzz(func(t *testing.T, text string, count int) {
		variables := parseUEnv(text)
		s, err := uenvState(variables, max(0, min(count, 255)))
		if err != nil {
			return
		}
		u := uenvOf(t.TempDir())
		if err := os.WriteFile(u.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := u.Store(s); err != nil {
			return // too many foreign variables
		}
		if got, err := u.Load(); err != nil || got != s {
			t.Fatalf("%+v became %+v, %v", s, got, err)
		}
	})
}

func FuzzFwEnv(f *testing.F) {
	f.Add("/dev/mmcblk0 0x1000 0x2000\n/dev/mmcblk0 0x4000 0x2000\n")
	f.Fuzz(func(t *testing.T, text string) {
		copies, err := parseFwEnv(text)
		if err != nil {
			return
		}
		for _, c := range copies {
			if c.Offset < 0 || c.Size < ubootHeader+2 || c.Size > maxEnvironment || !filepath.IsAbs(c.Path) {
				t.Fatalf("%+v", copies)
			}
		}
	})
}
