#!/bin/sh
# Chromium as its driver starts it, but for one thing: the address bar's suggestions, which no test sees, are no page of their own.
# Each new window would load that page, and take more of a processor for it than for a page of the tests.
# Of several arguments that switch features off only the last counts, so these are added to the driver's own.
for argument; do
  shift
  case $argument in
    --disable-features=*) argument="$argument,WebUIOmniboxPopup,WebUIOmniboxAimPopup" ;;
  esac
  set -- "$@" "$argument"
done
exec "${CHROMIUM:-/usr/bin/chromium}" "$@"
