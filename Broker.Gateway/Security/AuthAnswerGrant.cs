using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway.Security;

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
    public Grant ToGrant(Permissions allowed = Security.Permissions.Subscribe | Security.Permissions.Publish)
    {
        Permissions permissions = default;
        foreach (string? word in Permissions ?? [])
        {
            Permissions permission = word switch
            {
                "subscribe" => Security.Permissions.Subscribe,
                "publish" => Security.Permissions.Publish,
                "admin" => Security.Permissions.Admin,
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
