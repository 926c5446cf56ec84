package model

import (
	"net/netip"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// podRanges finds the Node that an address was given to for its Pods. It is built when first used, once, and is safe for concurrent
// use; a table that changed has a new one.
type podRanges struct {
	once    sync.Once
	byRange map[netip.Prefix]*corev1.Node
	// lengths are those of the ranges, longest first: a cluster has one for each family.
	lengths []int
}

// NodeOfPodRange returns the Node in whose spec.podCIDRs an address lies, and that range. The node is nil where it lies in none. That it
// lies in one does not tell that it is a Pod's: some networks give Pods addresses of other ranges, and leave these unused.
func (s *Snapshot) NodeOfPodRange(address netip.Addr) (*corev1.Node, netip.Prefix) {
	ranges := s.tables.nodes.podRanges
	if ranges == nil {
		return nil, netip.Prefix{}
	}
	ranges.once.Do(func() {
		ranges.byRange = map[netip.Prefix]*corev1.Node{}
		for _, node := range s.Nodes() {
			for _, cidr := range PodRanges(node) {
				ranges.byRange[cidr] = node
				if !slices.Contains(ranges.lengths, cidr.Bits()) {
					ranges.lengths = append(ranges.lengths, cidr.Bits())
				}
			}
		}
		slices.SortFunc(ranges.lengths, func(a, b int) int { return b - a })
	})
	for _, bits := range ranges.lengths {
		if cidr, err := address.Prefix(bits); err == nil && ranges.byRange[cidr] != nil {
			return ranges.byRange[cidr], cidr
		}
	}
	return nil, netip.Prefix{}
}

// PodRanges returns the ranges that a Node was given for its Pods, as far as they can be read.
func PodRanges(node *corev1.Node) []netip.Prefix {
	cidrs := node.Spec.PodCIDRs
	if len(cidrs) == 0 {
		cidrs = []string{node.Spec.PodCIDR}
	}
	var ranges []netip.Prefix
	for _, cidr := range cidrs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			ranges = append(ranges, prefix.Masked())
		}
	}
	return ranges
}
