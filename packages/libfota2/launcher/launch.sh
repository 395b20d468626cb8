#!/bin/sh
# libfota2's launcher: starts the version that the boot record names, and goes back by itself when that does not hold.
#   sh launch.sh DIR COMMAND [ARGUMENT...]     in the folder of its slot; a supervisor starts this again when it ends
# It needs no Node: a version that cannot even start is rolled back, too. The record's form: docs/slots.md.
set -u
if [ $$ -eq 1 ] && space=$(readlink /proc/1/ns/pid) && [ "$space" != 'pid:[4026531836]' ]; then
  # Nothing in a container can kill its first process. The first one of a machine has to become what it starts.
  exec 3<&0; sh "$0" "$@" <&3 3<&- & child=$!
  for signal in HUP INT QUIT TERM USR1 USR2; do trap "kill -$signal $child" "$signal"; done
  while :; do wait "$child"; status=$?; kill -0 "$child" 2>/dev/null || exit "$status"; done
fi
dir=$(CDPATH='' cd -- "$1" && pwd -P) && busy="$dir/boot.busy" && shift || exit 1

# Whether the last line of file $1 is the checksum of those before it, and is itself complete.
whole() {
  [ -f "$1" ] && [ "$(tail -n 1 "$1"; echo .)" = "end $(sed '$d' "$1" | cksum | cut -d ' ' -f 1)
." ]
}
value() { sed -n "s/^$1 //p" "$newest"; }
# Reads the newer one of the whole copies; the other one is the next to be written.
look() {
  generation=0 newest='' next="$dir/boot.0"
  for copy in "$dir/boot.0" "$dir/boot.1"; do
    whole "$copy" && [ "$(sed -n 's/^generation //p' "$copy")" -gt "$generation" ] || continue
    newest=$copy generation=$(value generation)
  done
  [ "$newest" != "$dir/boot.0" ] || next="$dir/boot.1"
  [ -n "$newest" ] || return 1
  run=$(value run) back=$(value back) tries=$(value tries) minutes=$(value minutes) fell=$(value fell)
}
# Looks, after a sign for `confirm`: while that is there, what it wrote might be written over.
claim() { { true >"$busy"; } 2>/dev/null; look; }
# Writes the record with run $1, back $2, tries $3, minutes $4, fell $5, and reads it back.
note() {
  { printf 'libfota2 boot 1\ngeneration %s\nrun %s\nback %s\ntries %s\nminutes %s\nfell %s\n' $((generation + 1)) "$@" \
    >"$next" && printf 'end %s\n' "$(cksum <"$next" | cut -d ' ' -f 1)" >>"$next"; sync "$next" "$dir" || sync; } 2>/dev/null
  whole "$next" && look && [ "$run $back $tries $minutes $fell" = "$*" ]
}

lives() { read -r _ _ _ parent _ </proc/self/stat && [ "$parent" = $$ ]; }
# Gives up what is not confirmed in its minutes, as long as it still is what was started.
late() {
  sleep $((minutes * 60)); mine=$generation; lives || exit; claim
  [ "$generation" = "$mine" ] && lives && note "$old" - 0 0 "$tried" && mine=''
  rm -f "$busy"; [ -n "$mine" ] || kill -9 $$
}

look || { echo "libfota2: no boot record in $dir; install a version first" >&2; exit 1; }
[ "$back" = - ] || claim || exit 1
if [ "$back" != - ]; then
  old=$back tried=$run left=$tries
  if [ "$left" -gt 0 ] && note "$run" "$back" $((left - 1)) "$minutes" "$fell"; then
    if [ "$minutes" -gt 0 ]; then ( late ) </dev/null >/dev/null 2>&1 & fi
  elif [ "$left" -gt 0 ] || ! note "$old" - 0 0 "$tried"; then
    # What cannot be counted must not be tried, or it might be tried for ever; but it may have been confirmed meanwhile.
    look && [ "$back" = - ] || run=$old
  fi
fi
ln -sfn "slots/$run" "$dir/current.new" && mv -fT "$dir/current.new" "$dir/current"; rm -f "$busy"
cd "$dir/slots/$run" && FOTA_DIR=$dir FOTA_SLOT=$run exec "$@"
