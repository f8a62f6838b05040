using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway;

/// <summary>One of the authorizations in an auth server's answer, or of a user in the file of users.</summary>
internal sealed class AuthAnswerGrant
{
    /// <summary>A regular expression.</summary>
    [JsonPropertyName("topic")] public string? Topic { get; set; }

    /// <summary>Regular expressions.</summary>
    [JsonPropertyName("channels")] public List<string?>? Channels { get; set; }

    /// <summary>Words.</summary>
    [JsonPropertyName("permissions")] public List<string?>? Permissions { get; set; }

    /// <summary>The grant's meaning.</summary>
    /// <param name="allowed">The permissions that may be named here.</param>
    /// <exception cref="JsonException">A word is unknown or an expression cannot be compiled; the message says which.</exception>
    public Grant ToGrant(Permissions allowed = Gateway.Permissions.Subscribe | Gateway.Permissions.Publish)
    {
        Permissions permissions = default;
        foreach (string? word in Permissions ?? [])
        {
            Permissions permission = word switch
            {
                "subscribe" => Gateway.Permissions.Subscribe,
                "publish" => Gateway.Permissions.Publish,
                "admin" => Gateway.Permissions.Admin,
                _ => default,
            };
            if ((permission & allowed) == 0)
                throw new JsonException($"there is no permission \"{word}\"");
            permissions |= permission;
        }
        return new Grant(Compile(Topic), [.. (Channels ?? []).Select(Compile)], permissions);
    }

    private static NamePattern Compile(string? expression) =>
        NamePattern.TryCompile(expression ?? "") ?? throw new JsonException($"the expression \"{expression}\" cannot be compiled");
}
