using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What a broker says that is to be asked over HTTPS (spec 3.1).</summary>
/// <param name="Port">The port of HTTPS.</param>
internal sealed record TlsRequired([property: JsonPropertyName("https_port")] int Port);
