package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net/netip"
	"syscall"
)

// makeDeaf routes what the Pod sends to an address into nowhere, so that whoever dials the Pod from there waits in vain. The route
// goes with the Pod. It needs the capability NET_ADMIN.
func makeDeaf(_ context.Context, arguments []string) error {
	flags := newFlags("deaf")
	to := flags.String("to", "", "the IPv4 address that gets no answer")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	address, err := netip.ParseAddr(*to)
	if err != nil || !address.Is4() {
		return fmt.Errorf("-to is %q, want an IPv4 address", *to)
	}
	if err := addBlackhole(address); err != nil {
		return fmt.Errorf("blackhole route to %s: %w", address, err)
	}
	log.Printf("nothing is sent to %s from now on", address)
	return nil
}

// addBlackhole is `ip route add blackhole ADDRESS/32`, in rtnetlink(7).
func addBlackhole(address netip.Addr) error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	const prefix = 32
	destination := address.As4()
	route := []byte{
		syscall.AF_INET, prefix, 0, 0, // family, length of destination and source, type of service
		syscall.RT_TABLE_MAIN, syscall.RTPROT_STATIC, syscall.RT_SCOPE_UNIVERSE, syscall.RTN_BLACKHOLE,
		0, 0, 0, 0, // flags
	}
	route = binary.NativeEndian.AppendUint16(route, uint16(syscall.SizeofRtAttr+len(destination)))
	route = binary.NativeEndian.AppendUint16(route, syscall.RTA_DST)
	route = append(route, destination[:]...)

	message := binary.NativeEndian.AppendUint32(nil, uint32(syscall.NLMSG_HDRLEN+len(route)))
	message = binary.NativeEndian.AppendUint16(message, syscall.RTM_NEWROUTE)
	message = binary.NativeEndian.AppendUint16(message, syscall.NLM_F_REQUEST|syscall.NLM_F_ACK|syscall.NLM_F_CREATE)
	message = append(message, make([]byte, 8)...) // sequence and port
	message = append(message, route...)
	if err := syscall.Sendto(socket, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	buffer := make([]byte, syscall.Getpagesize())
	n, _, err := syscall.Recvfrom(socket, buffer, 0)
	if err != nil {
		return err
	}
	answers, err := syscall.ParseNetlinkMessage(buffer[:n])
	if err != nil {
		return err
	}
	for _, answer := range answers {
		if answer.Header.Type == syscall.NLMSG_ERROR && len(answer.Data) >= 4 {
			if code := int32(binary.NativeEndian.Uint32(answer.Data)); code != 0 {
				return syscall.Errno(-code)
			}
			return nil
		}
	}
	return fmt.Errorf("the kernel answers %d messages and no acknowledgement", len(answers))
}
