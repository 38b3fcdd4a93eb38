package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"resinos.io/shared/trust/sign"
)

// policyFile, beside the keys, changes what [sign.DefaultPolicy] says:
//
//	{"timestamp": {"days": 7}, "root": {"keys": 5, "threshold": 3, "days": 730}}
//
// The number of keys counts when they are made; days count from the next signature.
const policyFile = "policy.json"

type rolePolicy struct {
	Keys      int `json:"keys"`
	Threshold int `json:"threshold"`
	Days      int `json:"days"`
}

const (
	maxKeys = 64
	maxDays = 20 * 366
)

func readPolicy(keys string) (func(sign.Role) sign.Policy, error) {
	path := filepath.Join(keys, policyFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sign.DefaultPolicy, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read key policy: %w", err)
	}
	policies, err := parsePolicy(data)
	if err != nil {
		return nil, fmt.Errorf("cannot use %s: %w: %w", path, ErrPolicy, err)
	}
	return func(role sign.Role) sign.Policy { return policies[role] }, nil
}

func parsePolicy(data []byte) (map[sign.Role]sign.Policy, error) {
	const day = 24 * time.Hour
	roles := map[sign.Role]*rolePolicy{}
	for _, role := range sign.Roles() {
		policy := sign.DefaultPolicy(role)
		roles[role] = &rolePolicy{policy.Keys, policy.Threshold, int(policy.Valid / day)}
	}
	// Into what is there already: a member that is left out keeps its default.
	if err := json.Unmarshal(data, &roles, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	policies := map[sign.Role]sign.Policy{}
	for role, policy := range roles {
		if policy == nil || !slices.Contains(sign.Roles(), role) {
			return nil, fmt.Errorf("%q is no role: %v", role, sign.Roles())
		}
		if policy.Threshold < 1 || policy.Keys < policy.Threshold || policy.Keys > maxKeys || policy.Days < 1 || policy.Days > maxDays {
			return nil, fmt.Errorf("%s: %d of %d keys, %d days: at least one of at most %d, for at most %d days",
				role, policy.Threshold, policy.Keys, policy.Days, maxKeys, maxDays)
		}
		policies[role] = sign.Policy{Keys: policy.Keys, Threshold: policy.Threshold, Valid: time.Duration(policy.Days) * day}
	}
	return policies, nil
}
