//go:build !linux

package main

import (
	"context"
	"errors"
)

func makeDeaf(context.Context, []string) error { return errors.New("only Linux has such routes") }
