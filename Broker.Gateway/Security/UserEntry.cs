using System.Text.Json.Serialization;

namespace Broker.Gateway.Security;

/// <summary>A user as the file has it.</summary>
internal sealed class UserEntry
{
    /// <summary>What stands before the colon of the secret that the user sends.</summary>
    [JsonPropertyName("name")] public string? Name { get; set; }

    /// <summary>A <see cref="SecretHash"/> of what stands behind it.</summary>
    [JsonPropertyName("secret_hash")] public string? SecretHash { get; set; }

    /// <summary>Whether the user may come without TLS.</summary>
    [JsonPropertyName("tls_required")] public bool? TlsRequired { get; set; }

    /// <summary>What the user may do.</summary>
    [JsonPropertyName("authorizations")] public List<AuthAnswerGrant?>? Authorizations { get; set; }
}
