# A man page of section 8 from a file of settings: each paragraph of comments says what the settings below it do.
# In: -v service=config -v title='config service' -v unit=… -v version=…. Out: roff.
function plain(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); sub(/^[.']/, "\\\\\\&&", text); return text }
function flush_about() { if (about != "") { print ".PP"; print plain(about) } about = ""; names = 0 }
BEGIN {
  printf ".TH CLOUD-ANALYTICS-%s 8 \"\" \"Cloud Analytics %s\" \"System administration\"\n", toupper(service), version
  print ".SH NAME"
  printf "cloud\\-analytics\\-%s \\- the %s of Cloud Analytics, as a service of systemd\n", service, title
  print ".SH SYNOPSIS"
  printf ".B systemctl start %s\n.br\n.B /usr/lib/cloud\\-analytics/method/run %s \\-\\-check\n.SH DESCRIPTION\n", plain(unit), service
  first = 1
}
/^#CA_/ {
  if (first) { print ".SH SETTINGS"; printf "In /etc/cloud\\-analytics/%s.environment, after those in /etc/cloud\\-analytics/environment.\n", service; first = 0 }
  print names++ ? ".TQ" : ".TP"
  printf ".B %s\n", plain(substr($0, 2)); next
}
/^# / { text = substr($0, 3); about = about == "" ? text : about " " text; next }
/^$/ { if (names) { print plain(about); about = ""; names = 0 } else flush_about(); next }
END {
  if (names) print plain(about)
  print ".SH EXIT STATUS"
  print "2: a setting is wrong, and the journal names it; systemd does not start the service again before it is told to."
  print ".SH SEE ALSO"
  print ".BR cactl (1),"
  print ".I /usr/share/doc/cloud\\-analytics\\-common/fleet.md"
}
