"""Who may not be used: local objections, the National Data Opt-Out, and the erasure of who dissents."""
