using System.Globalization;
using Broker.Channels;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Http.Dead;

/// <summary>
/// Which dead letters a request is about: <c>cause</c>, <c>id</c> (one or more, with commas between), <c>older_than</c> and <c>younger_than</c> (ms since
/// they died).
/// </summary>
internal static class DeadQuestion
{
    /// <summary>Most ids in one request.</summary>
    public const int MaxIds = 400;

    /// <summary>Reads a request.</summary>
    /// <param name="parameters">What was asked.</param>
    /// <param name="now">The time, in milliseconds since the Unix epoch.</param>
    /// <param name="filter">Which are meant.</param>
    /// <returns>The error to answer with; null when the request is good.</returns>
    public static V1Error? Read(QueryParameters parameters, long now, out DeadFilter filter)
    {
        filter = DeadFilter.All;
        if (parameters.Find("cause") is { } name)
        {
            if (DeadCauseNames.Find(name) is not { } cause)
                return V1Error.Of(StatusCodes.Status400BadRequest, $"cause must be one of {string.Join(", ", DeadCauseNames.All)}");
            filter = filter with { Cause = cause };
        }

        if (parameters.Find("older_than") is { } older)
        {
            if (!TryParseAge(older, now, out long until))
                return InvalidAge("older_than");
            filter = filter with { DiedUntil = until };
        }

        if (parameters.Find("younger_than") is { } younger)
        {
            if (!TryParseAge(younger, now, out long from))
                return InvalidAge("younger_than");
            filter = filter with { DiedFrom = from };
        }

        if (parameters.Find("id") is { } ids)
        {
            string[] texts = ids.Split(',');
            if (texts.Length > MaxIds)
                return V1Error.Of(StatusCodes.Status400BadRequest, $"id must have no more than {MaxIds} ids");
            ulong[] numbers = new ulong[texts.Length];
            for (int i = 0; i < texts.Length; i++)
            {
                if (!MessageIdText.TryParse(texts[i], out numbers[i]))
                    return V1Error.InvalidId;
            }

            filter = filter with { Ids = numbers };
        }

        return null;
    }

    private static bool TryParseAge(string text, long now, out long moment)
    {
        bool isGood = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long age) && age <= now;
        moment = now - age;
        return isGood;
    }

    private static V1Error InvalidAge(string name) =>
        V1Error.Of(StatusCodes.Status400BadRequest, $"{name} must be a whole number of milliseconds since the message died");
}
