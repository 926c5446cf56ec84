package isolation

import (
	"cmp"
	"fmt"

	"github.com/svctui/svctui/probes/check"
)

// withoutTLS says beside a pass that clients which say https get no answer, where the application answered TLS with something else. The way to it
// is open, and so that is no fault of the Service.
func (c Conclusion) withoutTLS(v verdict, f Facts) Conclusion {
	if f.NotTLS == "" || v.family() != healthy || c.Mark != check.MarkOK {
		return c
	}
	told := Conclusion{
		ID: "PORT-12", Mark: check.MarkWarn, Confidence: check.Likely,
		Text: "The way to the application is open, and it does not speak TLS where TLS is promised: clients that say https fail.",
		Why:  joined(fmt.Sprintf("TLS is expected there (%s), and the application answers that in plain.", f.NotTLS), c.Why),
		Next: "let clients say http, and name the port after that (http, or appProtocol http); or let the application speak TLS there",
	}
	switch {
	case f.SomeTLS:
		told.Text = "The way to the application is open, and it speaks TLS on some ways only: some clients that say https fail."
		told.Why = joined(fmt.Sprintf("TLS is expected there (%s). One of the endpoints answers in it, another in plain.", f.NotTLS), c.Why)
		told.Next = allPods
	case f.SchemeChosen:
		told.Text = "The way to the application is open, and it does not speak TLS, in which it was asked."
		told.Why, told.Next = joined(f.askedByHand(), c.Why), "ask as the application speaks: --scheme, or o on the screen of the test"
	}
	return told
}

// withoutHTTP is the same of clients that say http, where the application answered HTTP with something else: the way to it is open, and a
// Service's port that leads to the wrong application looks just so.
func (c Conclusion) withoutHTTP(v verdict, f Facts) Conclusion {
	if f.NotHTTP == "" || v.family() != healthy || c.Mark != check.MarkOK {
		return c
	}
	told := Conclusion{
		ID: "PORT-13", Mark: check.MarkWarn, Confidence: check.Likely,
		Text: "The way to the application is open, and it does not speak HTTP where HTTP is promised: clients that say http get no answer of use.",
		Why:  joined(fmt.Sprintf("HTTP is expected there (%s), and the application answers that with something else.", f.NotHTTP), c.Why),
		Next: "see whether targetPort leads to the port that is meant; if it does, name the port after what the application speaks (appProtocol, or a name such as tcp)",
	}
	if f.SchemeChosen {
		told.Text = "The way to the application is open, and it does not speak HTTP, in which it was asked."
		told.Why, told.Next = joined(f.askedByHand(), c.Why), "ask as the application speaks: --scheme, or o on the screen of the test"
	}
	return told
}

// askedByHand says that a person chose how the application is asked, and what speaks for something else.
func (f Facts) askedByHand() string {
	return fmt.Sprintf("That was chosen by hand; by the evidence it speaks %s.", cmp.Or(f.SpeaksInstead, "something that is not known"))
}
