using System.Text.Json.Serialization;

namespace Broker.Gateway.Security;

/// <summary>The file of users: JSON with <c>{"users":[…]}</c>.</summary>
internal sealed class UserFile
{
    /// <summary>The users.</summary>
    [JsonPropertyName("users")] public List<UserEntry?>? Users { get; set; }
}
