"""The rules, one file each; `registry` lists them by hand."""
