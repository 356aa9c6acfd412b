"""The nouns: grid, periods, bands, legends, layers, errors. No IO."""
