using System.Text;
using System.Text.Json;
using Broker.Serving.Http;
using Broker.Serving.Http.Config;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Admin;

/// <summary><c>/config/*</c> of the admin web: every option can be read, two can be written, by those who are near enough (spec 5.1).</summary>
/// <param name="options">Who is near enough.</param>
/// <param name="paths">Where it lies.</param>
/// <param name="addresses">What <c>nsqlookupd_http_addresses</c> sets.</param>
/// <param name="started">What the process was started with.</param>
/// <param name="writable">What can be changed; only <c>log_level</c> is the admin web's too.</param>
internal sealed class ConfigEndpoints(
    AdminOptions options, AdminPaths paths, ClusterAddresses addresses, IBrokerOptions started, IEnumerable<IWritableOption> writable)
{
    private const int ValueLimit = 1 << 20;
    private const string Lookups = "nsqlookupd_http_addresses";
    private const string LogLevel = "log_level";

    private static readonly V1Error InvalidRemoteAddress = V1Error.Of(StatusCodes.Status400BadRequest, "INVALID_REMOTE_ADDR");

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(paths.At("/config/{option}"), context => new(Refuse(context) ?? Read(context)));
        endpoints.MapPut(paths.At("/config/{option}"), WriteAsync);
    }

    private static string NameIn(HttpContext context) => (string)context.Request.RouteValues["option"]!;

    private V1Error? Refuse(HttpContext context)
    {
        if (options.AllowConfigFrom is not { } range)
            return null;
        if (context.Connection.RemoteIpAddress is not { } remote)
            return InvalidRemoteAddress;
        return range.Contains(remote) ? null : V1Error.Forbidden;
    }

    private IResult Read(HttpContext context)
    {
        string name = NameIn(context);
        OptionValue? value = name switch
        {
            Lookups => OptionValue.Of(addresses.Lookups),
            LogLevel => writable.FirstOrDefault(static option => option.Name == LogLevel)?.Value,
            _ => started.Find(name),
        };
        if (value is null)
            return V1Error.InvalidOption;
        return value.IsJson ? V1Result.Json(value.Text) : V1Result.Text(value.Text);
    }

    private async ValueTask<IResult> WriteAsync(HttpContext context)
    {
        if (Refuse(context) is { } refusal)
            return refusal;
        if (!context.GetAdminUser().IsAdmin)
            return V1Error.Forbidden;
        string text;
        using (RequestBody body = await RequestBody.ReadAsync(context, ValueLimit))
        {
            if (body.IsTooBig || body.Bytes.IsEmpty)
                return V1Error.UnreadableValue;
            text = Encoding.UTF8.GetString(body.Bytes);
        }
        switch (NameIn(context))
        {
            case Lookups:
                if (ParseAddresses(text) is not { } named)
                    return V1Error.InvalidValue;
                addresses.SetLookups(named);
                break;
            case LogLevel:
                if (writable.FirstOrDefault(static option => option.Name == LogLevel) is not { } level || !level.TryWrite(text))
                    return V1Error.InvalidValue;
                break;
            default:
                return V1Error.InvalidOption;
        }
        return Read(context);
    }

    private static string[]? ParseAddresses(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ApiJson.Default.StringArray) ?? [];
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
