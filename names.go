package main

// This file reads how a person names Services on the command line.

import (
	"context"
	"fmt"
	"slices"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/model"
)

// serviceNamed is the Service's name in an argument. A namespace beside it becomes that of the flags.
func (a *app) serviceNamed(argument string) (string, error) {
	name, namespace, err := kube.ServiceName(argument)
	if err != nil {
		return "", err
	}
	return name, a.flags.In(namespace, name)
}

// servicesNamed are the Services' names in arguments, each once. They are of one namespace: what is read is of one, or of all.
func (a *app) servicesNamed(arguments []string) ([]string, error) {
	names, bare := make([]string, 0, len(arguments)), ""
	given := a.flags.Namespace() != ""
	for _, argument := range arguments {
		name, namespace, err := kube.ServiceName(argument)
		switch {
		case err != nil:
			return nil, err
		case namespace == "":
			bare = name
		case !given && a.flags.Namespace() != "" && a.flags.Namespace() != namespace:
			return nil, fmt.Errorf("these Services are of namespaces %s and %s: name those of one namespace at a time", a.flags.Namespace(), namespace)
		}
		if err := a.flags.In(namespace, name); err != nil {
			return nil, err
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if !given && bare != "" && a.flags.Namespace() != "" {
		return nil, fmt.Errorf("%s is named without a namespace beside one of namespace %s: write -n, or name each with its own", bare, a.flags.Namespace())
	}
	return names, nil
}

// servicesAnywhere are the Services of a name, wherever they are: where a missing one may be. It is a hint: who may not list all namespaces
// goes without.
func servicesAnywhere(ctx context.Context, session *kube.Session, name string) []model.Key {
	found, err := session.FindServices(ctx, model.AllNamespaces, name)
	if err != nil {
		return nil
	}
	return found
}
