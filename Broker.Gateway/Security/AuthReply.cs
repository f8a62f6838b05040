using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway.Security;

/// <summary>What a client is told that AUTH has let in, in the order in which nsqd writes it (spec 1.8).</summary>
internal sealed class AuthReply
{
    /// <summary>A name for people.</summary>
    [JsonPropertyName("identity")] public string Identity { get; init; } = "";

    /// <summary>Where more is said of them.</summary>
    [JsonPropertyName("identity_url")] public string IdentityUrl { get; init; } = "";

    /// <summary>How many grants they have.</summary>
    [JsonPropertyName("permission_count")] public int PermissionCount { get; init; }

    /// <summary>The reply as UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, AuthJson.Default.AuthReply);
}
