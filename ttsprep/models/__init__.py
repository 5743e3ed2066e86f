"""Models that listen to clips: one file per listener, used only where an audit is asked to listen."""
