// Package splash is the domain of splash-setter: which picture is on the screen,
// and the way from the owner's file to Plymouth.
package splash

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"resinos.io/proto/splash1"
	"resinos.io/services/splash-setter/internal/bootfile"
	"resinos.io/services/splash-setter/internal/logo"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
)

// Values of the property Source.
const (
	sourceDefault = "default"
	sourceCustom  = "custom"
)

// A File is the owner's logo on the boot partition.
type File interface {
	Read() ([]byte, error)
	Replace(data []byte) error
	Remove() error
}

// A Screen shows a picture.
type Screen interface {
	Default() ([]byte, error)
	Put(png []byte) (changed bool, err error)
	Show(ctx context.Context) error
}

// A Splash carries the logo from the boot partition to the screen.
type Splash struct {
	File   File
	Screen Screen

	last Chosen // by Prepare, which runs once at a time
}

// Chosen is the logo that is to be shown.
type Chosen struct {
	logo.Logo
	Source  string // default or custom
	Problem string // why not the owner's, "" if it is or there is none
}

// Initial returns the properties before the first apply.
func Initial() map[string]any {
	return map[string]any{
		splash1.PropertySource:  sourceDefault,
		splash1.PropertyWidth:   uint32(0),
		splash1.PropertyHeight:  uint32(0),
		splash1.PropertyProblem: "",
	}
}

// Apply shows the logo that should be shown. A bad one of the owner's is a problem,
// never an error: the default one is on the screen then.
func (s *Splash) Apply(ctx context.Context, _ config.Config) (daemon.Effective, error) {
	chosen, changed, err := s.Prepare()
	if err == nil && changed {
		err = s.Screen.Show(ctx)
	}
	var problems []config.Problem
	if chosen.Problem != "" {
		problems = append(problems, config.Problem{Pointer: bootfile.Name, Reason: chosen.Problem})
	}
	return daemon.Effective{
		Values: map[string]any{
			splash1.PropertySource:  chosen.Source,
			splash1.PropertyWidth:   uint32(chosen.Width),
			splash1.PropertyHeight:  uint32(chosen.Height),
			splash1.PropertyProblem: chosen.Problem,
		},
		Problems: problems,
	}, err
}

// Prepare chooses the logo and puts it where Plymouth reads it. It is what the
// early phase does, before there is a bus.
func (s *Splash) Prepare() (chosen Chosen, changed bool, err error) {
	chosen, err = s.choose()
	if err != nil {
		return Chosen{Source: sourceDefault, Problem: chosen.Problem}, false, err
	}
	changed, err = s.Screen.Put(chosen.PNG)
	if err == nil {
		s.last = chosen
	}
	return chosen, changed, err
}

// choose returns the owner's logo or else the default one.
func (s *Splash) choose() (Chosen, error) {
	data, err := s.File.Read()
	if err == nil {
		if s.last.Source == sourceCustom && s.last.Of == sha256.Sum256(data) {
			return s.last, nil // decoding a large one takes a second on a small device
		}
		var custom logo.Logo
		if custom, err = logo.Decode(data); err == nil {
			return Chosen{Logo: custom, Source: sourceCustom}, nil
		}
	}
	problem := ""
	if !errors.Is(err, fs.ErrNotExist) {
		problem = fmt.Sprintf("%v; the default logo is shown", err)
	}
	fallback := Chosen{Source: sourceDefault, Problem: problem}
	if data, err = s.Screen.Default(); err != nil {
		return fallback, err
	}
	fallback.Logo, err = logo.Decode(data)
	return fallback, err
}
