#!/bin/sh
# Prints the folder for what goes with the tests: in memory where there is plenty of it and programs may run from there, for what a test
# waits for is mostly a disk that makes sure of databases which nobody will open again.
memory=/dev/shm
enough=8000000 # KiB: a tenth of it is what all tests together were seen to use
room() { df -Pk "$memory" | awk 'NR == 2 { print $4 }'; }
free() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }
limited() { # a container's limit counts what is in memory of that kind, too
  for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [ -r "$file" ] && read -r limit <"$file" && [ "$limit" != max ] && [ "$((limit / 1024))" -lt "$enough" ] && return 0
  done
  return 1
}
runs() {
  try=$(mktemp "$memory/interim-XXXXXX") || return 1
  printf '#!/bin/sh\n' >"$try" && chmod u+x "$try" && "$try"
  set -- $?
  rm -f "$try"
  return "$1"
}
if [ -w "$memory" ] && [ "$(room)" -ge "$enough" ] && [ "$(free)" -ge "$enough" ] && ! limited && runs; then
  echo "$memory"
else
  echo "${TMPDIR:-/tmp}"
fi 2>/dev/null
