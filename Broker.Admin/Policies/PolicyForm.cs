using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>Reads a policy out of a form: each field that is not empty says something.</summary>
internal static class PolicyForm
{
    /// <summary>What the names of a policy's fields begin with in the form.</summary>
    public const string Prefix = "policy.";

    /// <summary>The object of a topic's policy that is about its channels.</summary>
    public const string Channels = "channels";

    /// <summary>Reads it.</summary>
    public static JsonObject Read(IFormCollection form)
    {
        JsonObject policy = [];
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in form.OrderBy(static field => field.Key, StringComparer.Ordinal))
        {
            string text = values.ToString().Trim();
            if (!name.StartsWith(Prefix, StringComparison.Ordinal) || text.Length == 0)
                continue;
            string[] path = name[Prefix.Length..].Split('.');
            JsonObject target = policy;
            foreach (string part in path[..^1])
            {
                if (target[part] is not JsonObject inner)
                    target[part] = inner = [];
                target = inner;
            }
            target[path[^1]] = ValueOf(text);
        }
        return policy;
    }

    // What is no number is a word.
    private static JsonNode? ValueOf(string text)
    {
        try
        {
            return JsonNode.Parse(text) ?? JsonValue.Create(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
