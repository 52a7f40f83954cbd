"""Pictures of a head CT, from files now and from a camera at the console later, to a `SliceStack`."""
