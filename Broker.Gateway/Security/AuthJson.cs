using System.Text.Json.Serialization;

namespace Broker.Gateway.Security;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(AuthAnswer))]
[JsonSerializable(typeof(AuthReply))]
[JsonSerializable(typeof(UserFile))]
internal sealed partial class AuthJson : JsonSerializerContext;
