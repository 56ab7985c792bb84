"""The helper container: it holds a pod back until the inputs are in place, and keeps the outputs until they are read.

All programs here are constant text for the shell of busybox. Whatever differs from step to step (paths, contents, the
author's command) reaches them as files or as arguments, never as text of a program.

The pod has one emptyDir, `VOLUME`. The helper sees it whole at `ROOT`, the step's own containers only what they need:

    bin/busybox, bin/run    the shell and the wrapper that runs the author's command (read-only in `main`); where the
                            image is one of musl, busybox is a script that starts bin/busybox.musl by bin/loader
    bin/side                the same for a sidecar's
    bin/outputs             the output paths, each ended by NUL, in the step's order
    bin/mark                the line that the wrapper writes to both its outputs when the program has ended
    in/<n>                  input number n, a file or a directory, mounted read-only at its path
    out/<n>.file, .tar      output number n, once the program has ended; out/<n>.error: why it could not be copied
    out/exit                the program's exit code; appears last
    prepared, dynamic       what does not depend on the step is there; or busybox cannot run in other images
    ready                   appears when all inputs are there: the other containers may start
    release, go, sums       FIFOs: the helper may end; `ready` is there; the tar on its way to its hash
    out/done                a FIFO: `out/exit` is there
    lock                    the process that takes the inputs
"""

from __future__ import annotations

import secrets
from typing import Final

VOLUME: Final = "kfp-airflow"
ROOT: Final = "/kfp-airflow"
BUSYBOX: Final = "/bin/busybox"
HELPER: Final = "kfp-helper"
"""The container that keeps the outputs; it also takes the inputs where no init container has to see them."""
FEEDER: Final = "kfp-inputs"
"""The native sidecar that takes the inputs where init containers or sidecars have to see them."""
WRAPPED: Final = (f"{ROOT}/bin/busybox", "sh", f"{ROOT}/bin/run")
"""What stands before the author's command."""
BESIDE: Final = (f"{ROOT}/bin/busybox", "sh", f"{ROOT}/bin/side")
"""What stands before a sidecar's command."""
STATIC_ADVICE: Final = (
    "Set [kfp_airflow] helper_image to an image with a static one, or one of musl: alpine, busybox:1.36-musl"
)

# What does not depend on the step is prepared here, while the worker still tries to reach the helper.
# PT_INTERP, the loader of a dynamic program, is named in the first page of an ELF file, and not in a static one. The
# loader of musl (Alpine) is its C library too and runs anywhere: a script of one line starts busybox by it. Others need
# the libraries of their image beside them.
# A FIFO, not a loop of sleeps: a step may run for days. `wait` lets the trap run at once when Kubernetes ends the pod.
STAY: Final = f"""
b={BUSYBOX}
trap 'exit 0' TERM INT
cd {ROOT} || exit 1
umask 0
[ -p sums ] || $b mkfifo release sums || [ -p sums ] || exit 1
prepare() {{
  $b mkdir -p -m 755 bin && $b mkdir -p -m 1777 out || return
  [ -p out/done ] || $b mkfifo -m 666 out/done || return
  if $b head -c 4096 $b | $b grep -q '/ld[-.]'; then
    for loader in /lib/ld-musl-*.so.1; do :; done
    [ -e "$loader" ] || {{ echo > dynamic; return; }}
    $b cp "$loader" bin/loader && $b cp $b bin/busybox.musl && $b chmod 755 bin/loader bin/busybox.musl || return
    echo '#!{ROOT}/bin/loader {ROOT}/bin/busybox.musl' > bin/busybox && $b chmod 755 bin/busybox || return
  else
    $b cp $b bin/busybox || return
  fi
  echo > prepared
}}
[ -e prepared ] || prepare || exit 1
$b cat release >/dev/null &
wait $!
"""
# A FIFO again. It is open for both directions before `ready` is looked for: no word can be missed, and nobody blocks.
HOLD: Final = f"""
cd {ROOT} || exit 1
[ -p go ] || {BUSYBOX} mkfifo go || exit 1
exec 3<>go
[ -e ready ] || read -r word <&3
"""
# One at a time: the worker may have given up an earlier stream that had brought everything. Such a one gets some
# seconds to come to its end, and is ended then.
# `head` may read more than it gives: what follows the tar can be sent only when the tar has arrived.
_RECEIVE: Final = f"""
b={BUSYBOX}
cd {ROOT} || exit 70
tries=0
set -C
until {{ echo $$ > lock; }} 2>/dev/null; do
  holder=
  read -r holder < lock
  tries=$((tries+1))
  if [ $tries -gt 400 ]; then
    [ -z "$holder" ] || kill -9 "-$holder"
    $b rm -f lock
  elif [ -n "$holder" ] && [ ! -e "/proc/$holder" ]; then
    $b rm -f lock
  fi
  $b usleep 5000
done 2>/dev/null
set +C
trap '$b rm -f lock' EXIT
if [ ! -e ready ]; then
  echo hello
  read -r size wanted || exit 70
  [ ! -e in ] || {{ $b chmod -R u+rwx in; $b rm -rf in; }}
  until [ -p sums ]; do $b usleep 5000; done
  umask 0
  $b sha256sum < sums > sum &
  hash=$!
  $b head -c "$size" | $b tee sums | $b tar -x -o -f - || {{ echo 'failed: the inputs cannot be unpacked'; exit 70; }}
  if [ "$wanted" = later ]; then
    echo received
    read -r wanted || exit 70
  fi
  wait $hash
  read -r sum rest < sum
  [ "$sum" = "$wanted" ] || {{ echo 'failed: other bytes arrived than were sent'; exit 70; }}
  until [ -e prepared ]; do
    if [ -e dynamic ]; then echo dynamic; exit 70; fi
    $b usleep 5000
  done
  echo > ready
  [ ! -p go ] || echo 1<>go
fi
$b rm -f lock
trap - EXIT
echo started
"""
_SEND: Final = f"""
b={BUSYBOX}
cd {ROOT}/out || exit 70
if [ -e exit ]; then IFS= read -r code < exit; echo "exit $code"; else echo running; fi
for f in *.file *.tar *.error; do
  [ -e "$f" ] || continue
  [ "$($b stat -c %Y "$f")" = 0 ] && continue
  echo "$f $($b stat -c %s "$f")"
  $b sha256sum < "$f" > "../$f.sum" &
  $b cat "$f"
  wait $!
  read -r sum rest < "../$f.sum"
  echo "$sum"
done
echo end
"""
# As with `go`: open for both directions before `exit` is looked for.
_AWAIT: Final = f"""
cd {ROOT}/out || exit 70
exec 4<>done
[ -e exit ] || read -r word <&4
"""
RECEIVE: Final = _RECEIVE
SEND: Final = _SEND
RECEIVE_AND_SEND: Final = _RECEIVE + _AWAIT + _SEND
"""The one stream of a step that ends soon: the outputs leave as soon as they are there."""
RELEASE: Final = f"echo > {ROOT}/release"

# The program runs below a shell of its own, made by a process substitution: unlike a background job it starts with the
# signals' default actions (POSIX has SIGINT and SIGQUIT ignored in background jobs). `read` is interrupted by traps,
# and fails at the end of the pipe too, where both shells' children were killed: hence the count.
# Variables whose names are none for a shell (`a.b`) would be lost: `env` puts them back.
_LAUNCH: Final = f"""
b={ROOT}/bin/busybox
o={ROOT}/out
odd() {{ $b tr '\\0' '\\n' < /proc/$$/environ | $b grep -q '^[A-Za-z0-9_]*[^A-Za-z0-9_=]'; }}
launch() {{
  if odd; then
    while IFS= read -r -d '' pair; do
      case ${{pair%%=*}} in
        *[!A-Za-z0-9_]*|[0-9]*) set -- "$pair" "$@" ;;
      esac
    done < /proc/$$/environ
    unset pair
    case $1 in *=*) set -- $b env "$@" ;; esac
  fi
  exec "$@"
}}
exec 3<&0 4>&1 5>&2
exec 6< <(
  exec 2>/dev/null
  ( IFS=' ' read -r pid rest < /proc/self/stat; echo "$pid"; unset pid rest o; launch "$@" <&3 >&4 2>&5 3<&- 4>&- 5>&- )
  echo $?
)
exec 3<&-
pid=
code=
lost=0
ended=
for s in HUP INT QUIT USR1 USR2 TERM WINCH; do
  trap "ended=$s; [ -z \\"\\$pid\\" ] || kill -$s \\$pid 2>/dev/null" $s
done
get() {{
  until IFS= read -r $1 <&6; do
    [ -n "$pid" ] && [ -e "/proc/$pid" ] || lost=$((lost+1))
    [ $lost -lt 50 ] || break
    $b usleep 10000
  done
}}
get pid
get code
[ -n "$code" ] || code=137
pid=
"""
RUN: Final = f"""
while IFS= read -r -d '' path; do
  case $path in
    /tmp/outputs/*) {ROOT}/bin/busybox mkdir -p -- "${{path%/*}}" 2>/dev/null ;;
  esac
done < {ROOT}/bin/outputs
unset path
{_LAUNCH}
umask 0
n=0
while IFS= read -r -d '' path; do
  if [ -d "$path" ]; then
    $b tar -c -f "$o/part" -C "$path" . 2>"$o/why" && $b mv "$o/part" "$o/$n.tar" || $b mv "$o/why" "$o/$n.error"
  elif [ -f "$path" ]; then
    $b cat -- "$path" 2>"$o/why" >"$o/part" && $b mv "$o/part" "$o/$n.file" || $b mv "$o/why" "$o/$n.error"
  elif [ -e "$path" ]; then
    echo 'it is neither a file nor a directory' > "$o/$n.error"
  fi
  n=$((n+1))
done < {ROOT}/bin/outputs
echo "$code" > "$o/code" && $b mv "$o/code" "$o/exit"
[ ! -p "$o/done" ] || echo 1<>"$o/done"
IFS= read -r mark < {ROOT}/bin/mark
echo "$mark"
echo "$mark" >&2
exit "$code"
"""
# A native sidecar that ends is started again, and one that never runs holds `main` back; in Argo it runs once.
SIDE: Final = f"""{_LAUNCH}
[ -z "$ended" ] || exit 0
trap 'exit 0' TERM INT QUIT
$b sleep 2147483647 &
wait $!
"""


def new_mark() -> str:
    """Return what ends a log: the kubelet ends the stream of a log up to a second after the program has ended."""
    return f"kfp-airflow: the program has ended ({secrets.token_hex(8)})"


def shell(program: str) -> list[str]:
    """Return the command that runs one of the programs above in the helper."""
    return [BUSYBOX, "sh", "-c", program.strip()]
