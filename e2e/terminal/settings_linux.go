package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

func settings(tty *os.File) (unix.Termios, error) {
	termios, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return unix.Termios{}, err
	}
	return *termios, nil
}
