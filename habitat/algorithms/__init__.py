"""The verbs on arrays: arrays in, arrays out. No IO."""
