//go:build powercut

package update

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/e2e/fat"
	"resinos.io/e2e/powercut/vmtest"
	"resinos.io/image/repository"
)

const (
	top     = "../../.."
	mib     = 1 << 20
	sector  = 512
	notesAt = 64 // between the table of partitions and the first of them

	bootSize, slotSize, stateSize = 40, 4, 20 // MiB; the last as on a device
	bootAt                        = mib
	slotAAt                       = bootAt + bootSize*mib
	slotBAt                       = slotAAt + slotSize*mib
	stateAt                       = slotBAt + slotSize*mib
	diskSize                      = stateAt + stateSize*mib + mib

	envFile  = "EFI/BOOT/grubenv"
	goodFile = "EFI/BOOT/grubenv.good"
)

// A version is one release: its root, and the files that it adds to the boot partition.
type version struct {
	name string
	boot map[string][]byte
	sum  [sha256.Size]byte
}

// versions are the releases of the test, oldest first. Slot A has the first.
func versions() []*version {
	return []*version{
		{name: "2.0.0"},
		{name: "2.0.1", boot: map[string][]byte{"EFI/BOOT/FIRST.BIN": noise(1, 30000)}},
		{name: "2.0.2", boot: map[string][]byte{"EFI/BOOT/FIRST.BIN": noise(1, 30000), "overlays/second.dtb": noise(2, 5000)}},
		{name: "2.0.3", boot: map[string][]byte{"EFI/BOOT/THIRD.BIN": noise(3, 9000)}},
	}
}

func noise(seed uint64, size int) []byte {
	random := rand.New(rand.NewPCG(seed, 7))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// A disk is the device's disk before the first boot, and what belongs to it.
type disk struct {
	dir      string
	versions []*version
	repo     string
	envAt    int64 // in bytes of the disk
	goodAt   int64
	files    map[string]string // of the boot partition, by path
}

func (d *disk) base() string { return filepath.Join(d.dir, "base.img") }

// newDisk makes the disk and the repository of all releases.
func newDisk(t *testing.T, dir string) *disk {
	t.Helper()
	d := &disk{dir: dir, versions: versions()}
	repo, err := repository.Open(filepath.Join(dir, "repo"), filepath.Join(dir, "keys"))
	vmtest.Must(t, err)
	vmtest.Must(t, repo.Create(t.Context()))
	d.repo = repo.Dir()
	root, err := os.ReadFile(repo.RootFile())
	vmtest.Must(t, err)
	for i, v := range d.versions {
		image := filepath.Join(dir, v.name+".img")
		d.makeRoot(t, v, image, root, uint64(i))
		if i > 0 {
			_, err := repo.Publish(t.Context(), repository.Publication{Image: image, Share: 10000})
			vmtest.Must(t, err)
		}
	}
	d.makeDisk(t)
	return d
}

// keptDisk returns the disk of a test that has failed, with its record.
func keptDisk(t *testing.T, dir string) *disk {
	t.Helper()
	d := &disk{dir: dir, versions: versions(), repo: filepath.Join(dir, "repo")}
	for _, v := range d.versions {
		data, err := os.ReadFile(filepath.Join(dir, v.name+".img"))
		vmtest.Must(t, err)
		v.sum = sha256.Sum256(data)
	}
	d.learn(t)
	return d
}

// makeRoot makes the root of a release, small but with what GRUB and the updater need.
func (d *disk) makeRoot(t *testing.T, v *version, image string, keys []byte, seed uint64) {
	t.Helper()
	tree := filepath.Join(d.dir, "tree-"+v.name)
	for _, name := range []string{"proc", "dev", "mnt/boot", "mnt/state", "var/lib/resinos/updater", "run"} {
		vmtest.Must(t, os.MkdirAll(filepath.Join(tree, name), 0o755))
	}
	put := func(name string, data []byte) {
		path := filepath.Join(tree, name)
		vmtest.Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		vmtest.Must(t, os.WriteFile(path, data, 0o644))
	}
	put("usr/lib/os-release", []byte("ID=resinos\nIMAGE_VERSION="+v.name+"\nVARIANT_ID=production\nRESINOS_DEVICE_TYPE=test\n"))
	put("usr/share/resinos/update/root.json", keys)
	put("boot/vmlinuz", append(noise(100+seed, 600<<10), noise(99, 900<<10)...))
	put("boot/initrd.img", noise(200+seed, 200<<10))
	put("boot/slot.cfg", []byte("set slot_args=\"quiet version="+v.name+"\"\n"))
	put("usr/lib/resinos/boot/EFI/BOOT/grub.cfg", d.grubConfig(t))
	for name, data := range v.boot {
		put("usr/lib/resinos/boot/"+name, data)
	}
	vmtest.Run(t, "mke2fs", "-q", "-t", "ext4", "-d", tree, "-E", "lazy_itable_init=0,nodiscard,root_owner=0:0",
		"-O", "^has_journal,^metadata_csum_seed,^orphan_file,^resize_inode", "-m", "0", "-b", "4096", image, fmt.Sprint(slotSize, "M"))
	data, err := os.ReadFile(image)
	vmtest.Must(t, err)
	v.sum = sha256.Sum256(data)
}

func (*disk) grubConfig(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(top, "image/boot/grub.cfg"))
	vmtest.Must(t, err)
	return data
}

// makeDisk puts the partitions together.
func (d *disk) makeDisk(t *testing.T) {
	t.Helper()
	boot, state := filepath.Join(d.dir, "boot.part"), filepath.Join(d.dir, "state.part")
	vmtest.Must(t, os.WriteFile(boot, nil, 0o600))
	vmtest.Must(t, os.Truncate(boot, bootSize*mib))
	vmtest.Run(t, "mkfs.vfat", "--invariant", "-F", "32", "-s", "1", "-n", "RESIN-BOOT", boot)
	vmtest.Run(t, "mmd", "-i", boot, "::/EFI", "::/EFI/BOOT", "::/splash", "::/system-connections")
	env := grubenv(t)
	for _, f := range []struct {
		name string
		data []byte
	}{
		{"EFI/BOOT/BOOTX64.EFI", noise(300, 800<<10)},
		{"EFI/BOOT/grub.cfg", d.grubConfig(t)},
		{envFile, env},
		{goodFile, env},
		{"config.json", []byte(`{"hostname":"device","os":{"update":{"auto":true}}}`)},
		{"splash/resin-logo.png", noise(301, 9000)},
		{"system-connections/home wifi.nmconnection", []byte("[connection]\nid=home\ntype=wifi\n")},
	} {
		local := filepath.Join(d.dir, "content")
		vmtest.Must(t, os.WriteFile(local, f.data, 0o600))
		vmtest.Run(t, "mcopy", "-i", boot, local, "::/"+f.name)
	}
	tree := filepath.Join(d.dir, "tree-state")
	vmtest.Must(t, os.MkdirAll(filepath.Join(tree, "root-overlay/var/lib/resinos/updater"), 0o700))
	vmtest.Run(t, "mke2fs", "-q", "-t", "ext4", "-d", tree, "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0", state, fmt.Sprint(stateSize, "M"))
	vmtest.Must(t, os.WriteFile(d.base(), nil, 0o600))
	vmtest.Must(t, os.Truncate(d.base(), diskSize))
	partition(t, d.base())
	for at, part := range map[int64]string{bootAt: boot, slotAAt: filepath.Join(d.dir, "2.0.0.img"), stateAt: state} {
		vmtest.Run(t, "dd", "if="+part, "of="+d.base(), "bs=1M", fmt.Sprint("seek=", at/mib), "conv=notrunc,sparse", "status=none")
	}
	d.learn(t)
}

func partition(t *testing.T, image string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/usr/sbin/sfdisk", "--quiet", image)
	cmd.Stdin = strings.NewReader(fmt.Sprintf("label: gpt\nstart=%dMiB,size=%dMiB\nstart=%dMiB,size=%dMiB\nstart=%dMiB,size=%dMiB\nstart=%dMiB,size=%dMiB\n",
		bootAt/mib, bootSize, slotAAt/mib, slotSize, slotBAt/mib, slotSize, stateAt/mib, stateSize))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot make the table of partitions: %v: %s", err, out)
	}
}

// grubenv returns the block that the image begins with.
func grubenv(t *testing.T) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(top, "image/boot/make-grubenv"), "slot=A", "good=A", "tries=").Output()
	vmtest.Must(t, err)
	return out
}

// learn notes where the environment is and what the boot partition holds.
func (d *disk) learn(t *testing.T) {
	t.Helper()
	f, err := os.Open(d.base())
	vmtest.Must(t, err)
	defer f.Close()
	v, err := look(f)
	vmtest.Must(t, err)
	if !v.report.Sound() || v.holds[0] != d.versions[0].sum {
		t.Fatalf("the disk is not sound to begin with: %s", v.report)
	}
	d.files = v.files
	fs, err := fat.Open(io.NewSectionReader(f, bootAt, bootSize*mib))
	vmtest.Must(t, err)
	for name, at := range map[string]*int64{envFile: &d.envAt, goodFile: &d.goodAt} {
		e, err := fs.Find(name)
		vmtest.Must(t, err)
		*at = bootAt + fs.At(e)
		got := make([]byte, 1024)
		_, err = f.ReadAt(got, *at)
		vmtest.Must(t, err)
		if !bytes.Equal(got, grubenv(t)) {
			t.Fatalf("%s is not in one piece", name)
		}
	}
}
