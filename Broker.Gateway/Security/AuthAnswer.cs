using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway.Security;

/// <summary>What an auth server answers (spec 1.8).</summary>
internal sealed class AuthAnswer
{
    // A month of seconds in a TimeSpan is nothing, but an answer may say anything.
    private const long MaxTtl = int.MaxValue;

    /// <summary>Seconds.</summary>
    [JsonPropertyName("ttl")] public long? Ttl { get; set; }

    /// <summary>A name for people.</summary>
    [JsonPropertyName("identity")] public string? Identity { get; set; }

    /// <summary>Where more is said of them.</summary>
    [JsonPropertyName("identity_url")] public string? IdentityUrl { get; set; }

    /// <summary>What they may do.</summary>
    [JsonPropertyName("authorizations")] public List<AuthAnswerGrant?>? Authorizations { get; set; }

    /// <summary>The answer's meaning.</summary>
    /// <exception cref="JsonException">It breaks the rules of spec 1.8; the message says how.</exception>
    public Authorization ToAuthorization()
    {
        List<Grant> grants = [];
        foreach (AuthAnswerGrant? grant in Authorizations ?? [])
            grants.Add((grant ?? new AuthAnswerGrant()).ToGrant());
        if (Ttl is not > 0)
            throw new JsonException($"the ttl {Ttl ?? 0} is not positive");
        return new Authorization(Identity ?? "", IdentityUrl ?? "", grants, TimeSpan.FromSeconds(Math.Min(Ttl.Value, MaxTtl)));
    }
}
