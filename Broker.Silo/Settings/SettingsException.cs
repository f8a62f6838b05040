namespace Broker.Silo.Settings;

/// <summary>What the operator wrote cannot be used. The message is one line that names the place and says what to do.</summary>
public sealed class SettingsException(string message) : Exception(message);
