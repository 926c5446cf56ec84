package terminal

// Keys as a terminal sends them. Anything else that a keyboard types is sent as it is: Send("/web", Enter).
const (
	Enter     = "\r"
	Esc       = "\x1b"
	Tab       = "\t"
	ShiftTab  = "\x1b[Z"
	Space     = " "
	Backspace = "\x7f"
	Up        = "\x1b[A"
	Down      = "\x1b[B"
	Right     = "\x1b[C"
	Left      = "\x1b[D"
	Home      = "\x1b[H"
	End       = "\x1b[F"
	PageUp    = "\x1b[5~"
	PageDown  = "\x1b[6~"
	Delete    = "\x1b[3~"
	CtrlB     = "\x02"
	CtrlC     = "\x03"
	CtrlF     = "\x06"
	CtrlR     = "\x12"
	CtrlU     = "\x15"
	CtrlX     = "\x18"
	CtrlZ     = "\x1a"
)
