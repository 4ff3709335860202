# Read by the tests beside it: one line for each claim, `ok` or FAILED with the last that was said; $FAILED counts these.
FAILED=0
SINCE=$SECONDS
claim() { # a sentence, then a command
  local sentence=$1 said
  shift
  if said=$("$@" 2>&1); then
    printf 'ok     %3d s  %s\n' $((SECONDS - SINCE)) "$sentence"
  else
    FAILED=$((FAILED + 1))
    printf 'FAILED %3d s  %s\n%s\n' $((SECONDS - SINCE)) "$sentence" "$(echo "$said" | tail -n 12 | sed 's/^/       | /')"
  fi
}
