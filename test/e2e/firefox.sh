#!/bin/sh
# Firefox as its driver starts it, but for one thing: it does not end itself when one of its tabs crashes.
unset MOZ_CRASHREPORTER_SHUTDOWN
exec "${FIREFOX:-/usr/bin/firefox-esr}" "$@"
