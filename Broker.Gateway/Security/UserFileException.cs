namespace Broker.Gateway.Security;

/// <summary>The file of users cannot be used. The message is one line that names the file, and has nothing of a secret.</summary>
public sealed class UserFileException(string message, Exception? inner = null) : Exception(message, inner);
