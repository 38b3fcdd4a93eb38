package config

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// store is the type of the function in a row of the table.
type store = func(*Config, jsontext.Value) ([]Problem, error)

// text makes a store for a string that check accepts, perhaps in another form.
func text(check func(string) (string, error), field func(*Config) *string) store {
	return func(c *Config, raw jsontext.Value) ([]Problem, error) {
		s, err := decodeString(raw)
		if err != nil {
			return nil, err
		}
		if s, err = check(s); err == nil {
			*field(c) = s
		}
		return nil, err
	}
}

func flag(field func(*Config) *bool) store {
	return func(c *Config, raw jsontext.Value) ([]Problem, error) {
		b, err := decodeBool(raw)
		if err == nil {
			*field(c) = b
		}
		return nil, err
	}
}

func randomMACAddressScan(c *Config, raw jsontext.Value) ([]Problem, error) {
	b, err := decodeBool(raw)
	if err == nil {
		c.Network.RandomMACAddressScan = &b
	}
	return nil, err
}

// servers makes a store for "null" or a list separated by spaces.
func servers(check func(string) error, field func(*Config) *Servers) store {
	return func(c *Config, raw jsontext.Value) ([]Problem, error) {
		s, err := decodeString(raw)
		if err != nil {
			return nil, err
		}
		list := Servers{}
		for item := range strings.SplitSeq(s, " ") {
			if item == "" {
				continue
			}
			list.Hosts = append(list.Hosts, item)
		}
		if len(list.Hosts) == 1 && list.Hosts[0] == "null" {
			list = Servers{None: true}
		}
		for _, item := range list.Hosts {
			if err := check(item); err != nil {
				return nil, err
			}
		}
		*field(c) = list
		return nil, nil
	}
}

func interval(c *Config, raw jsontext.Value) ([]Problem, error) {
	n, err := decodeInteger(raw, func(s string) (uint64, error) { return parseDigits(s, 6) })
	if err == nil && n > maxInterval {
		err = invalid("it must be at most %d seconds", maxInterval)
	}
	if err == nil {
		c.Network.Connectivity.Interval = time.Duration(n) * time.Second
	}
	return nil, err
}

func rollbackAfter(c *Config, raw jsontext.Value) ([]Problem, error) {
	n, err := decodeInteger(raw, func(s string) (uint64, error) { return parseDigits(s, 6) })
	if err == nil && (n < minRollback || n > maxRollback) {
		err = invalid("it must be %d to %d seconds", minRollback, maxRollback)
	}
	if err == nil {
		c.Network.RollbackAfter = time.Duration(n) * time.Second
	}
	return nil, err
}

func size(field func(*Config) *uint64) store {
	return func(c *Config, raw jsontext.Value) ([]Problem, error) {
		n, err := decodeInteger(raw, parseSize)
		if err == nil {
			*field(c) = n
		}
		return nil, err
	}
}

func window(c *Config, raw jsontext.Value) ([]Problem, error) {
	s, err := decodeString(raw)
	if err != nil {
		return nil, err
	}
	w, err := parseWindow(s)
	if err == nil {
		c.Update.Window = w
	}
	return nil, err
}

// sshKeys leaves out the elements that are no keys and takes the others: one
// slip in a list must not lock its owner out. A list of nothing but slips is no
// list: the last good keys stay, and a device that asks for keys does not open.
func sshKeys(c *Config, raw jsontext.Value) ([]Problem, error) {
	if raw.Kind() != jsontext.KindBeginArray {
		return nil, invalid("it must be an array of strings, not %s", kindName(raw))
	}
	var problems []Problem
	var accepted []string
	var first string
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	for i := 0; dec.PeekKind() != jsontext.KindEndArray; i++ {
		item, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		s, err := decodeString(item)
		if err == nil {
			err = sshKey(s)
		}
		if err != nil {
			if first == "" {
				first = err.Error()
			}
			problems = append(problems, Problem{"/" + strconv.Itoa(i), err.Error() + "; this key is left out"})
			continue
		}
		accepted = append(accepted, s)
	}
	if len(accepted) == 0 && len(problems) > 0 {
		return nil, invalid("no key in it can be used: %s", strings.TrimPrefix(first, ErrInvalidValue.Error()+": "))
	}
	c.SSHKeys = accepted
	return problems, nil
}

func developmentMode(*Config, jsontext.Value) ([]Problem, error) {
	return nil, invalid("it is not honoured, the variant is chosen when the image is built")
}
