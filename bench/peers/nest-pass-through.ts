/**
 * What an architect would write instead: NestJS with its ValidationPipe, and HttpService as its documentation shows
 * it. It checks what comes in, believes what comes back, stores nothing and logs no request.
 */
import 'reflect-metadata';
import { HttpModule, HttpService } from '@nestjs/axios';
import {
  BadGatewayException,
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Module,
  Post,
  Query,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AxiosResponse } from 'axios';
import {
  IsInt,
  IsISO4217CurrencyCode,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Max,
  Min,
} from 'class-validator';
import { catchError, firstValueFrom, type Observable } from 'rxjs';

class PayRequest {
  @IsInt() @Min(1) @Max(999_999_999_999) amount: number;
  @IsISO4217CurrencyCode() currency: string;
  @IsString() @Length(1, 255) shopTransactionId: string;
  @IsOptional() @IsUrl() successRedirectUrl?: string;
  @IsOptional() @IsUrl() failureRedirectUrl?: string;
  @IsOptional() @IsObject() providerData?: object;
}

class StatusQuery {
  @IsString() @Length(1, 255) paymentId: string;
}

@Controller('v3/acme')
class PaymentsController {
  readonly #external = process.env['EXTERNAL_URL']!;

  constructor(private readonly http: HttpService) {}

  @Post('pay')
  @HttpCode(200)
  pay(@Body() body: PayRequest, @Headers('idempotency-key') key: string): Promise<object> {
    return answerOf(
      this.http.post<object>(`${this.#external}/pay`, body, { headers: { 'Idempotency-Key': key } }),
    );
  }

  @Get('status')
  status(@Query() { paymentId }: StatusQuery): Promise<object> {
    return answerOf(this.http.get<object>(`${this.#external}/status`, { params: { paymentId } }));
  }
}

async function answerOf(request: Observable<AxiosResponse<object>>): Promise<object> {
  const { data } = await firstValueFrom(
    request.pipe(
      catchError(() => {
        throw new BadGatewayException();
      }),
    ),
  );
  return data;
}

@Controller('health')
class HealthController {
  @Get()
  health(): object {
    return {};
  }
}

@Module({ imports: [HttpModule], controllers: [PaymentsController, HealthController] })
class AppModule {}

const app = await NestFactory.create(AppModule);
app.useGlobalPipes(new ValidationPipe());
await app.listen(Number(process.env['PORT']), '127.0.0.1');
