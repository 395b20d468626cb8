#!/bin/sh
# libfota2's launcher: starts the version that the boot record names, and goes back by itself when that does not hold.
#   sh launch.sh DIR COMMAND [ARGUMENT...]     in the folder of its slot; a supervisor starts this again when it ends
# It needs no Node: a version that cannot even start is rolled back, too. The record's form: docs/slots.md.
set -u
dir=$(CDPATH='' cd -- "$1" && pwd -P) || exit 1
shift

# Whether the last line of file $1 is the checksum of those before it, and is itself complete.
whole() {
  [ -f "$1" ] && [ "$(tail -n 1 "$1"; echo .)" = "end $(sed '$d' "$1" | cksum | cut -d ' ' -f 1)
." ]
}
value() {
  sed -n "s/^$1 //p" "$newest"
}
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
# Writes the record with run $1, back $2, tries $3, minutes $4, fell $5, and reads it back.
note() {
  { printf 'libfota2 boot 1\ngeneration %s\nrun %s\nback %s\ntries %s\nminutes %s\nfell %s\n' \
    $((generation + 1)) "$@" >"$next"; } 2>/dev/null
  printf 'end %s\n' "$(cksum <"$next" | cut -d ' ' -f 1)" 2>/dev/null >>"$next"
  sync
  whole "$next" && look && [ "$run $back $tries $minutes $fell" = "$*" ]
}

if ! look; then
  echo "libfota2: no boot record in $dir; install a version first" >&2
  exit 1
fi
if [ "$back" != - ]; then
  old=$back tried=$run
  if [ "$tries" -eq 0 ]; then
    note "$old" - 0 0 "$tried"
    run=$old
  elif ! note "$run" "$back" $((tries - 1)) "$minutes" "$fell"; then
    # What cannot be counted must not be tried: it might be tried for ever.
    run=$old minutes=0
  elif [ "$minutes" -gt 0 ]; then
    ( sleep $((minutes * 60)); mine=$generation; look
      read -r _ _ _ parent _ </proc/self/stat
      [ "$generation" = "$mine" ] && [ "$parent" = $$ ] && note "$old" - 0 0 "$tried" && kill -9 $$
    ) </dev/null >/dev/null 2>&1 &
  fi
fi
ln -sfn "slots/$run" "$dir/current.new" && mv -fT "$dir/current.new" "$dir/current"
cd "$dir/slots/$run" || exit 1
FOTA_DIR=$dir FOTA_SLOT=$run exec "$@"
