/*
 * Geolocation of addresses, from the operator's MaxMind database file (CA_GEOIP). In: IP addresses.
 * Out: country, region, city, latitude and longitude, as far as the database has them. Only importer of maxmind.
 */
import { messageOf } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import type { Transformation } from './transformation';

/** The part of the GeoIP2 and GeoLite2 City and Country layouts that is used. */
interface Place {
  readonly country?: { readonly iso_code?: string; readonly names?: Names };
  readonly subdivisions?: readonly { readonly iso_code?: string }[];
  readonly city?: { readonly names?: Names };
  readonly location?: { readonly latitude?: number; readonly longitude?: number };
}
type Names = Readonly<Record<string, string>>;

/** undefined, with a log line, when the file is missing or not a database, or the package is missing. */
export async function geolocation(file: string, log: Log): Promise<Transformation | undefined> {
  try {
    // Optional: loaded only when a database is configured.
    const { open, validate } = await import('maxmind');
    const reader = await open(file, { cache: { max: 10_000 } });
    return {
      name: 'geolocate',
      label: 'Geolocation',
      fields: ['raddr'],
      explain: (keys) => {
        const found = keys
          .filter(validate)
          .map((key) => [key, describe(reader.get(key) as Place | null)] as const);
        return Promise.resolve(new Map(found.filter(([, place]) => place !== undefined)));
      },
    };
  } catch (error) {
    log.warn(
      { file, reason: messageOf(error) },
      'no geolocation: CA_GEOIP must name a MaxMind database (.mmdb)',
    );
    return undefined;
  }
}

function describe(place: Place | null): Record<string, unknown> | undefined {
  if (place === null) return undefined;
  const { country, subdivisions, city, location } = place;
  return {
    country_code: country?.iso_code,
    country: country?.names?.['en'],
    region: subdivisions?.[0]?.iso_code,
    city: city?.names?.['en'],
    latitude: location?.latitude,
    longitude: location?.longitude,
  };
}
