namespace Broker.Admin;

/// <summary>A file that the admin web was told to use cannot be used. The message is one line that names it and says why.</summary>
public sealed class AdminSettingsException(string message, Exception? inner = null) : Exception(message, inner);
