package isolation

import (
	"strconv"
	"strings"
	"time"
)

// debugCommand is what does the same in a container that is added to a Pod, from an image that has curl.
func debugCommand(scheme string, within time.Duration, addresses []string) []string {
	command := []string{"curl", "-gkv", "-m", strconv.Itoa(int(within.Seconds()))}
	for _, address := range addresses {
		if scheme == schemeHTTP || scheme == schemeHTTPS {
			command = append(command, scheme+"://"+address)
			continue
		}
		target, _, _ := strings.Cut(address, "/")
		command = append(command, "telnet://"+target)
	}
	return command
}
