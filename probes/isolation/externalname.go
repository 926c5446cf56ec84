package isolation

import "github.com/svctui/svctui/kube/model"

func externalNameTargets(*model.Snapshot, *subject) []hereTarget { return nil }
