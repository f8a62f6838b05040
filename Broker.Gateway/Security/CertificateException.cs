namespace Broker.Gateway.Security;

/// <summary>A certificate, its key or an authority cannot be used. The message is one line that names the file.</summary>
public sealed class CertificateException(string message, Exception? inner = null) : Exception(message, inner);
