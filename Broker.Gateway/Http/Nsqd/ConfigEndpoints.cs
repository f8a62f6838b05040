using System.Text;
using Broker.Gateway.Connections;
using Broker.Serving.Http;
using Broker.Serving.Http.Config;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Gateway.Http.Nsqd;

/// <summary><c>/config/*</c>: every option can be read, a few can be written (spec 3.2).</summary>
/// <param name="gateway">Has the limits.</param>
/// <param name="options">What the broker was started with.</param>
/// <param name="writable">What can be changed.</param>
internal sealed class ConfigEndpoints(NsqGateway gateway, IBrokerOptions options, IEnumerable<IWritableOption> writable)
{
    private const string Path = "/config/{option}";

    private readonly Dictionary<string, IWritableOption> _writable = writable.ToDictionary(static option => option.Name, StringComparer.Ordinal);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Path, Read);
        endpoints.MapPut(Path, WriteAsync);
    }

    private static string NameIn(HttpContext context) => (string)context.Request.RouteValues["option"]!;

    private static IResult Tell(OptionValue value) => value.IsJson ? V1Result.Json(value.Text) : V1Result.Text(value.Text);

    private ValueTask<IResult> Read(HttpContext context)
    {
        string name = NameIn(context);
        OptionValue? value = _writable.TryGetValue(name, out IWritableOption? option) ? option.Value : options.Find(name);
        return new(value is null ? V1Error.InvalidOption : Tell(value));
    }

    private async ValueTask<IResult> WriteAsync(HttpContext context)
    {
        string text;
        using (RequestBody body = await RequestBody.ReadAsync(context, gateway.Options.MaxMsgSize))
        {
            if (body.IsTooBig || body.Bytes.IsEmpty)
                return V1Error.UnreadableValue;
            text = Encoding.UTF8.GetString(body.Bytes);
        }
        if (!_writable.TryGetValue(NameIn(context), out IWritableOption? option))
            return V1Error.InvalidOption;
        return option.TryWrite(text) ? Tell(option.Value) : V1Error.InvalidValue;
    }
}
