# Included by the Makefile: puts the built product below DESTDIR (manifests on illumos, systemd units on Linux).

.PHONY: install
export DESTDIR
install: build
	@smf/install.sh
